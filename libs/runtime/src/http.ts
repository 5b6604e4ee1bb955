/**
 * THE EDGE: everything between the socket and a controller, the same in every process and in tests (`app.inject`).
 * Strict JSON in, problems out; whatever goes wrong, wherever, leaves through `toProblem`. Controllers know none of it.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import {
  Catch,
  HttpException,
  type ArgumentsHost,
  type DynamicModule,
  type ExceptionFilter,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  BATCH_BYTES_MAX,
  BODY_BYTES_MAX,
  parseStrictJson,
  Problem,
  PROBLEM_TYPE,
  problemOf,
  type ProblemCode,
} from '#contracts';
import { guardRoutes } from './auth.js';
import type { KeysFile } from './keys-file.js';
import type { Log } from './log.js';
import { Metrics, serveMetrics } from './metrics.js';
import { troubleOnly } from './process.js';
import { limitWrites, RateLimit } from './rate-limit.js';
import { securityHeaders } from './security-headers.js';
import { lookEveryMs, noiseAnswers, SOCKET_LIMITS, watchConnections, type SocketLimits } from './sockets.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The id of the one command that it brings, once that is known. */
    commandId: string | undefined;
    /** What it was refused with. */
    problem: ProblemCode | undefined;
  }
}

export interface HttpOptions {
  keys: KeysFile;
  /** Whether reading needs no key. */
  openReads: boolean;
  /** Pages of these origins may call from a browser. */
  allowedOrigins?: readonly string[];
  /**
   * Whether a request that comes while the process stops, over a connection that is still open, is answered rather than
   * sent away: where others take over at once, no client need notice.
   */
  answerWhileStopping?: boolean;
  /** For an address that does not set its own. */
  bodyBytesMax?: number;
  /** How many writes a second a key may send; none or 0: as many as it likes. */
  writesPerSecond?: number;
  /** Whether another process of ours sent the request on, which counted it. */
  isSentOn?: (request: FastifyRequest) => boolean;
  /** Whether browsers come over TLS only, and are told to remember it. */
  behindTls?: boolean;
  /** Those that are not given are `SOCKET_LIMITS`. */
  limits?: Partial<SocketLimits>;
  /** Told of faults of ours, and of each write in a line. */
  log?: Log;
  /** The numbers of this process; left out, of its HTTP alone. */
  metrics?: Metrics;
  /** Adds what must be there before the application is ready, such as the pages of its API or another body parser. */
  prepare?: (app: NestFastifyApplication) => void;
}

/** An id of 100 characters, each of them percent-encoded. */
const PARAMETER_LENGTH_MAX = 300;
const RETRY_AFTER_SECONDS = 1;
const SWEEP_MS = 50;
const FAREWELL_MS = 1_000;
/** How long a process that stops waits for requests under way: longer than any answer takes, shorter than patience. */
const LAST_ANSWERS_MS_MAX = 15_000;

/** The application behind its edge, ready to listen or to be injected into. */
export async function createHttpApp(
  module: Type | DynamicModule,
  options: HttpOptions,
): Promise<NestFastifyApplication> {
  const limits = { ...SOCKET_LIMITS, ...options.limits };
  const log = options.log ?? (() => undefined);
  const metrics = options.metrics ?? new Metrics();
  const greet = greeting(options.behindTls ?? false);
  const answerNoise = noiseAnswers(limits, options.behindTls ?? false);
  const adapter = new FastifyAdapter({
    bodyLimit: options.bodyBytesMax ?? BODY_BYTES_MAX,
    requestTimeout: limits.requestMsMax,
    connectionTimeout: limits.silenceMsMax,
    routerOptions: { maxParamLength: PARAMETER_LENGTH_MAX },
    return503OnClosing: false,
    // Node's own answer to a request without Host would be no problem+json; `refuseEarly` has one.
    http: {
      requireHostHeader: false,
      headersTimeout: limits.headersMsMax,
      connectionsCheckingInterval: lookEveryMs(limits),
    },
    genReqId: ({ headers }: IncomingMessage) => requestId(headers['x-request-id']),
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      greet(request, reply);
      send(reply, toProblem(error, request, new Map()));
    },
    clientErrorHandler: answerNoise,
  });
  const fastify = adapter.getInstance() as FastifyInstance;
  // What else a client expects (HTTP knows only 100-continue) may be passed over, where Node would refuse.
  fastify.server.on('checkExpectation', (request, response) => fastify.server.emit('request', request, response));
  fastify.decorateRequest('commandId', undefined);
  fastify.decorateRequest('problem', undefined);
  // At the end, so that whatever is answered, by whomever, carries it.
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    greet(request, reply);
    done();
  });
  watchConnections(fastify, limits, { answerNoise, metrics, log });
  serveMetrics(fastify, metrics);
  logWrites(fastify, log);
  const methods = rememberMethods(fastify);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: options.log === undefined ? false : troubleOnly(log),
  });
  const origins = options.allowedOrigins ?? [];
  // Where no page of another origin may call, an answer need not say so: browsers refuse what is not allowed.
  if (origins.length > 0) {
    app.enableCors({
      origin: [...origins],
      methods: ['GET', 'POST'],
      allowedHeaders: [
        'Authorization',
        'Content-Type',
        'Idempotency-Key',
        'If-Match',
        'If-None-Match',
        'Last-Event-ID',
      ],
      exposedHeaders: ['ETag', 'Location', 'Retry-After', 'X-Request-Id'],
      maxAge: 600,
      // An OPTIONS that no browser sent is no error, and the plugin's refusal would be no problem+json.
      strictPreflight: false,
    });
  } else fastify.options('*', (_request, reply) => void reply.code(204).send());
  refuseEarly(fastify, methods, options.answerWhileStopping ?? false);
  guardRoutes(fastify, options.keys, options);
  if (options.writesPerSecond !== undefined && options.writesPerSecond > 0) {
    limitWrites(fastify, new RateLimit(options.writesPerSecond), options.isSentOn ?? (() => false));
  }
  takeStrictJson(fastify);
  app.useGlobalFilters(new ProblemFilter(methods, log));
  options.prepare?.(app);
  await app.init();
  await fastify.ready();
  return app;
}

/** A client's own id for its request, if it is harmless in a log, else a new one. */
function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
}

/** What every answer carries. */
function greeting(behindTls: boolean): (request: FastifyRequest, reply: FastifyReply) => void {
  return (request, reply) => {
    reply.header('x-request-id', request.id).headers(securityHeaders(request.url, { behindTls }));
    if (request.method !== 'GET' && request.method !== 'HEAD') reply.header('cache-control', 'no-store');
  };
}

/** A line for each write: who, where, how it ended. Patterns of addresses, so nothing that a client has put into them. */
function logWrites(fastify: FastifyInstance, log: Log): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    done();
    const { method, routeOptions, params, commandId, caller, problem } = request;
    if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return;
    const { ledger } = (params ?? {}) as { ledger?: string };
    const route = routeOptions.url ?? 'none';
    log(`${method} ${route} ${reply.statusCode}`, {
      requestId: request.id,
      ...(commandId !== undefined && { commandId }),
      // Before the caller is known, the ledger is whatever somebody has written there.
      ...(caller !== undefined && { key: caller.id, ...(ledger !== undefined && { ledger }) }),
      access: {
        method,
        route,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        ...(problem !== undefined && { problem }),
      },
    });
  });
}

/** What needs no look at the caller or the body: a process that stops, an address that does not exist. */
function refuseEarly(fastify: FastifyInstance, methods: MethodsOf, answerWhileStopping: boolean): void {
  let stopping = false;
  const timers: NodeJS.Timeout[] = [];
  /** Connections opened in advance, as browsers do. Nothing was asked on them, so Node does not count them as idle. */
  const silent = new Set<Socket>();
  fastify.server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  fastify.server.on('request', ({ socket }) => silent.delete(socket));
  fastify.addHook('preClose', (done) => {
    stopping = true;
    const close = (): void => {
      // Closing ends the connections that are idle now. One that becomes idle later would be waited for as long as it is
      // kept alive, which is longer than anybody waits for a process to stop.
      // One with half a request is never idle, and is not waited for for ever.
      timers.push(
        setInterval(() => {
          fastify.server.closeIdleConnections();
          for (const socket of silent) socket.destroy();
        }, SWEEP_MS).unref(),
        setTimeout(() => fastify.server.closeAllConnections(), LAST_ANSWERS_MS_MAX).unref(),
      );
      done();
    };
    // Who is just sending over a connection that looks idle would be cut off. For a while every answer says that its
    // connection ends, and so does /health/ready: after it only those send here who do not listen.
    if (answerWhileStopping) setTimeout(close, FAREWELL_MS);
    else close();
  });
  fastify.addHook('onClose', (_fastify, done) => {
    for (const timer of timers) clearInterval(timer);
    done();
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    if (stopping) reply.header('connection', 'close');
    if (stopping && !answerWhileStopping) {
      done(new Problem('stopping', 'This process is stopping: send the request again.'));
    } else if (request.headers.host === undefined && request.raw.httpVersion !== '1.0') {
      done(new Problem('bad-request', 'The header Host is missing.'));
    } else if (request.is404) done(nothingHere(request, methods));
    else done();
  });
}

/** One JSON value or, where a route says so, lines of them, which it reads by itself. Nothing else is taken. */
function takeStrictJson(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      if (takesLines(request)) throw unsupported(request);
      done(null, parseStrictJson(body));
    } catch (error) {
      done(error as Error);
    }
  });
  const lines = { parseAs: 'buffer', bodyLimit: BATCH_BYTES_MAX } as const;
  fastify.addContentTypeParser<Buffer>('application/x-ndjson', lines, (request, body, done) => {
    if (takesLines(request)) done(null, body);
    else done(unsupported(request));
  });
}

function takesLines({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.config.takesLines === true;
}

function unsupported(request: FastifyRequest): Problem {
  const taken = takesLines(request) ? 'application/x-ndjson' : 'application/json';
  return new Problem(
    'unsupported-media-type',
    `This address does not take a body of this Content-Type: send ${taken}.`,
  );
}

/** By the pattern of an address, the methods that it takes. */
type MethodsOf = ReadonlyMap<string, ReadonlySet<string>>;

function rememberMethods(fastify: FastifyInstance): MethodsOf {
  const methods = new Map<string, Set<string>>();
  fastify.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    methods.set(url, known);
    for (const one of [method].flat()) known.add(one);
  });
  return methods;
}

/** The wrong method, or no such address at all. */
function nothingHere({ url, method }: FastifyRequest, methods: MethodsOf): Problem {
  const path = url.replace(/[?#].*$/s, '');
  const allowed = [...methods].filter(([pattern]) => matches(pattern, path)).flatMap(([, some]) => [...some]);
  if (allowed.length === 0 || allowed.includes(method)) {
    return new Problem('not-found', 'There is nothing at this address.');
  }
  const allow = [...new Set(allowed)].sort();
  return new Problem('method-not-allowed', `This address takes ${allow.join(', ')}, not ${method}.`, {
    details: { allow },
  });
}

/** Whether a path is one of a route's, in the router's notation. A lone star is the CORS plugin's, and no address. */
function matches(pattern: string, path: string): boolean {
  if (pattern === '*') return false;
  const steps = pattern.split('/');
  const parts = path.split('/');
  const open = steps.at(-1) === '*';
  if (open) steps.pop();
  if (open ? parts.length <= steps.length : parts.length !== steps.length) return false;
  return steps.every((step, index) => (step.startsWith(':') ? parts[index] !== '' : parts[index] === step));
}

/** Fastify's own refusals, in our words. */
const FASTIFY_PROBLEMS: Readonly<Record<string, (request: FastifyRequest) => Problem>> = {
  FST_ERR_BAD_URL: () =>
    new Problem('bad-url', 'The address cannot be decoded: write % as %25, other characters as UTF-8.'),
  FST_ERR_MAX_PARAM_LENGTH: () =>
    new Problem('not-found', 'There is nothing at this address: a part of it is too long.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: unsupported,
  FST_ERR_CTP_BODY_TOO_LARGE: (request) => {
    const bytesMax = takesLines(request) ? BATCH_BYTES_MAX : request.routeOptions.bodyLimit;
    return new Problem('body-too-large', `This address takes ${bytesMax} bytes at most.`, { details: { bytesMax } });
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new Problem('bad-request', 'The body is not as long as Content-Length says.'),
};

/** Any error as what may be said about it. What nobody foresaw is a fault of ours, and its words stay here. */
function toProblem(error: unknown, request: FastifyRequest, methods: MethodsOf): Problem {
  const foreseen = problemOf(error);
  if (foreseen !== undefined) return foreseen;
  const origin = error instanceof HttpException && error.cause !== undefined ? error.cause : error;
  const known = FASTIFY_PROBLEMS[(origin as Partial<FastifyError> | undefined)?.code ?? ''];
  if (known !== undefined) return known(request);
  if (error instanceof HttpException && error.getStatus() === 404) return nothingHere(request, methods);
  if (error instanceof HttpException && error.getStatus() < 500) {
    return new Problem('bad-request', 'The request could not be read.', { cause: error });
  }
  return new Problem('internal', 'Something went wrong on our side. The operator finds the cause by the request id.', {
    details: { requestId: request.id },
    cause: error,
  });
}

function send(reply: FastifyReply, problem: Problem): void {
  const { status, code, details } = problem;
  reply.request.problem = code;
  reply.code(status).header('content-type', PROBLEM_TYPE).header('cache-control', 'no-store');
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  if (status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
  if (status === 429) reply.header('retry-after', Number(details['retryAfter'] ?? RETRY_AFTER_SECONDS));
  if (code === 'method-not-allowed') reply.header('allow', (details['allow'] as string[]).join(', '));
  // As bytes, or the framework adds a charset, which this type does not have.
  reply.send(Buffer.from(JSON.stringify(problem.body())));
}

/** Where every error of a request ends. */
@Catch()
class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly methods: MethodsOf,
    private readonly log: Log,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const problem = toProblem(error, request, this.methods);
    if (problem.code === 'internal') {
      const where = `${request.method} ${request.routeOptions.url ?? 'no route'}, request ${request.id}`;
      this.log(`A fault of ours: ${where}`, {
        level: 'error',
        requestId: request.id,
        stack: (error instanceof Error ? error.stack : undefined) ?? String(error),
      });
    }
    // Too late for a problem: the client must not take what it has for the whole.
    if (reply.raw.headersSent) reply.raw.destroy();
    else send(reply, problem);
  }
}
