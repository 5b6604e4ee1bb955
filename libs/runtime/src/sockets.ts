/**
 * WHO HOLDS A CONNECTION and gives nothing for it: one that sends its headers or its body drop by drop, one that asks and
 * never reads, one of too many. Each is cut off, so that the others are served. Node watches over headers, whole requests
 * and silence; it cannot tell a slow body from a large one, so that is done here.
 */
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { Problem, PROBLEM_TYPE } from '#contracts';
import type { Log } from './log.js';
import type { Metrics } from './metrics.js';
import { securityHeaders } from './security-headers.js';

export interface SocketLimits {
  /** At once; who comes above them is hung up on. */
  connectionsMax: number;
  /** For a request's headers to arrive, from its first byte; also for the first byte of a new connection. */
  headersMsMax: number;
  /** For a request to arrive completely. */
  requestMsMax: number;
  /** For nothing to be sent or received while an answer is awaited: longer than any answer takes to be found. */
  silenceMsMax: number;
  /** For a body to begin to arrive; from then on it must come at this rate, on the average. */
  bodyGraceMs: number;
  bodyBytesPerSecondMin: number;
}

export const SOCKET_LIMITS: SocketLimits = {
  connectionsMax: 2_000,
  headersMsMax: 15_000,
  /** 8 MiB over a slow line. */
  requestMsMax: 120_000,
  silenceMsMax: 90_000,
  bodyGraceMs: 10_000,
  bodyBytesPerSecondMin: 500,
};

/** How often late headers and slow bodies are looked for. */
export function lookEveryMs({ headersMsMax, bodyGraceMs }: SocketLimits): number {
  return Math.min(1_000, headersMsMax, bodyGraceMs);
}

const DROPS_TOLD_EVERY_MS = 60_000;

/** Answers an error that is no request's, straight to the socket, and ends the connection. */
export type NoiseAnswer = (error: Error & { code?: string }, socket: Socket) => void;

export function watchConnections(
  fastify: FastifyInstance,
  limits: SocketLimits,
  { answerNoise, metrics, log }: { answerNoise: NoiseAnswer; metrics: Metrics; log: Log },
): void {
  const { server } = fastify;
  server.maxConnections = limits.connectionsMax;
  let toldAt = -Infinity;
  server.on('drop', () => {
    metrics.connectionDropped();
    const now = performance.now();
    if (now - toldAt < DROPS_TOLD_EVERY_MS) return;
    toldAt = now;
    log(`More than ${limits.connectionsMax} connections at once: those that come now are hung up on.`, {
      level: 'warn',
    });
  });
  const stop = watchBodies(server, limits, (socket) => answerNoise(TOO_SLOW, socket));
  fastify.addHook('onClose', (_fastify, done) => {
    stop();
    done();
  });
}

interface Arriving {
  request: IncomingMessage;
  response: ServerResponse;
  /** How much had come over the connection when the body began. */
  from: number;
  ms: number;
}

/** `refuse` answers over a connection on which nothing was answered yet, and ends it. Returns what ends the watch. */
function watchBodies(server: Server, limits: SocketLimits, refuse: (socket: Socket) => void): () => void {
  const arriving = new Set<Arriving>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
    if (coding === undefined && (length === undefined || length === '0')) return;
    arriving.add({ request, response, from: request.socket.bytesRead, ms: 0 });
  });
  const everyMs = lookEveryMs(limits);
  let lookedAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    // Where we were busy or stopped ourselves, the client is not to blame for what we have not read.
    const passedMs = Math.min(now - lookedAt, 2 * everyMs);
    lookedAt = now;
    for (const one of arriving) {
      const { request, response, from } = one;
      const { socket } = request;
      one.ms += passedMs;
      const allowedMs = limits.bodyGraceMs + ((socket.bytesRead - from) / limits.bodyBytesPerSecondMin) * 1_000;
      if (!request.complete && !socket.destroyed && one.ms <= allowedMs) continue;
      arriving.delete(one);
      if (request.complete || socket.destroyed) continue;
      if (response.headersSent) socket.destroy();
      else refuse(socket);
    }
  }, everyMs).unref();
  return () => clearInterval(timer);
}

const TOO_SLOW = Object.assign(new Error('The body came too slowly.'), { code: 'TOO_SLOW' });

/** Answers what is not even HTTP, or never a whole request, straight to the socket: there is no reply yet. */
export function noiseAnswers(limits: SocketLimits, behindTls: boolean): NoiseAnswer {
  const PROBLEMS: Readonly<Record<string, Problem>> = {
    HPE_HEADER_OVERFLOW: new Problem('headers-too-large', 'The address and the headers together are too long.'),
    ERR_HTTP_REQUEST_TIMEOUT: new Problem(
      'request-timeout',
      `The headers did not arrive within ${limits.headersMsMax / 1_000} seconds, or all of the request within ${limits.requestMsMax / 1_000}.`,
    ),
    [TOO_SLOW.code]: new Problem(
      'request-timeout',
      `The body came more slowly than ${limits.bodyBytesPerSecondMin} bytes a second.`,
    ),
  };
  const notHttp = new Problem('bad-request', 'This is not HTTP/1.1.');
  const headers = Object.entries(securityHeaders('', { behindTls })).map(([name, value]) => `${name}: ${value}`);
  return (error, socket) => {
    if (error.code === 'ECONNRESET' || socket.destroyed) return;
    const problem = PROBLEMS[error.code ?? ''] ?? notHttp;
    const body = JSON.stringify(problem.body());
    const head = [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      `Content-Type: ${PROBLEM_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...headers,
      'Cache-Control: no-store',
      'Connection: close',
    ];
    if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
    socket.destroySoon();
  };
}
