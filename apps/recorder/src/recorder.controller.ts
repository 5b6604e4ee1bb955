/** WRITES: one route for each act. A body is checked, made a command, decided and appended; the answer says where it stands. */
import { Readable } from 'node:stream';
import { Controller, HttpCode, Inject, Logger, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import {
  ApiBearerAuth,
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import {
  ACTS,
  AnswersProblems,
  BatchAnswer,
  BatchLineDto,
  completeAct,
  isCommandKey,
  isLedgerAct,
  linesOf,
  Problem,
  readBody,
  WriteAnswer,
  type CheckedBody,
} from '#contracts';
import type { ActName } from '#domain';
import type { Outcome, Request } from '#ledger';
import { Access, requireRole } from '#runtime';
import { answersTo } from './batch.js';
import { forwardedBy, toldOf, type Sent } from './dispatcher.js';
import { Execute, ExecuteAll } from './execute.js';
import { plantSeed, requireSeedKey } from './seeding.js';

const KEY_NEEDED = 'Send an API key: Authorization: Bearer il_…';

/** What each line of a body is. */
const LINES_OF = (line: new () => object) => ({ type: 'string' as const, description: `Lines of ${line.name}.` });

type Incoming = FastifyRequest<{ Params: { ledger: string; id?: string } }>;

/** The route of an act, and what it says of itself in the OpenAPI document. */
function Act(name: ActName): MethodDecorator {
  const { route, role, summary, body } = ACTS[name];
  const changes = 'changes' in ACTS[name];
  const makes = name === 'open-ledger' || !(changes || isLedgerAct(name));
  const decorators = [
    Post(`:ledger/${route}`),
    Access(role),
    HttpCode(makes ? 201 : 200),
    ApiOperation({
      summary,
      description: `Needs a key with the role ${role} or a later one (recorder, curator, admin).`,
    }),
    ApiBearerAuth(),
    ApiParam({ name: 'ledger', description: 'Name of the ledger.', example: 'syria' }),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'Your id for this command: repeating it gives the first outcome. Left out, one is made and returned.',
    }),
    ...(changes
      ? [
          ApiParam({ name: 'id', description: 'Id of what is to be changed.' }),
          ApiHeader({
            name: 'If-Match',
            required: false,
            description: 'The version that you have seen, in quotes, such as "1"; or give `expect` in the body.',
          }),
        ]
      : []),
    ApiBody({ type: body as unknown as new () => object }),
    (makes ? ApiCreatedResponse : ApiOkResponse)({ type: WriteAnswer }),
  ];
  return (target, key, descriptor) => {
    for (const decorate of decorators) decorate(target, key, descriptor);
  };
}

@ApiTags('Recording')
@AnswersProblems()
@Controller('v1/ledgers')
export class RecorderController {
  readonly #logger = new Logger('batch');

  constructor(@Inject(CommandBus) private readonly bus: CommandBus) {}

  @Act('open-ledger')
  openLedger(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('open-ledger', request, reply);
  }

  @Act('close-ledger')
  closeLedger(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('close-ledger', request, reply);
  }

  @Act('register-actor')
  registerActor(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('register-actor', request, reply);
  }

  @Act('register-place')
  registerPlace(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('register-place', request, reply);
  }

  @Act('register-document')
  registerDocument(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('register-document', request, reply);
  }

  @Act('record-incident')
  recordIncident(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('record-incident', request, reply);
  }

  @Act('correct-incident')
  correctIncident(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('correct-incident', request, reply);
  }

  @Act('record-statement')
  recordStatement(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('record-statement', request, reply);
  }

  @Act('retract-incident')
  retractIncident(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('retract-incident', request, reply);
  }

  @Act('tie-incident')
  tieIncident(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('tie-incident', request, reply);
  }

  @Act('untie-incident')
  untieIncident(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('untie-incident', request, reply);
  }

  @Act('correct-statement')
  correctStatement(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('correct-statement', request, reply);
  }

  @Act('retract-statement')
  retractStatement(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('retract-statement', request, reply);
  }

  @Act('withdraw-document')
  withdrawDocument(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('withdraw-document', request, reply);
  }

  @Act('mark-document-unreachable')
  markDocumentUnreachable(
    @Req() request: Incoming,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WriteAnswer> {
    return this.#record('mark-document-unreachable', request, reply);
  }

  @Act('record-assessment')
  recordAssessment(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('record-assessment', request, reply);
  }

  @Act('retract-assessment')
  retractAssessment(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('retract-assessment', request, reply);
  }

  @Act('adopt')
  adopt(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('adopt', request, reply);
  }

  @Act('correct-actor')
  correctActor(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('correct-actor', request, reply);
  }

  @Act('reparent-actor')
  reparentActor(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('reparent-actor', request, reply);
  }

  @Act('merge-actor')
  mergeActor(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('merge-actor', request, reply);
  }

  @Act('correct-place')
  correctPlace(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('correct-place', request, reply);
  }

  @Act('reparent-place')
  reparentPlace(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('reparent-place', request, reply);
  }

  @Act('merge-place')
  mergePlace(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('merge-place', request, reply);
  }

  @Act('correct-document')
  correctDocument(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('correct-document', request, reply);
  }

  @Act('record-document-version')
  recordDocumentVersion(
    @Req() request: Incoming,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WriteAnswer> {
    return this.#record('record-document-version', request, reply);
  }

  @Act('merge-incident')
  mergeIncident(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('merge-incident', request, reply);
  }

  @Act('split-incident')
  splitIncident(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('split-incident', request, reply);
  }

  @Act('reassign-statement')
  reassignStatement(@Req() request: Incoming, @Res({ passthrough: true }) reply: FastifyReply): Promise<WriteAnswer> {
    return this.#record('reassign-statement', request, reply);
  }

  @Post(':ledger/batch')
  @Access('recorder', { takesLines: true })
  @HttpCode(200)
  @ApiOperation({
    summary: 'Record many',
    description: 'A command on each line (application/x-ndjson), at most 10,000 and 8 MiB, decided in their order.',
  })
  @ApiBearerAuth()
  @ApiParam({ name: 'ledger', description: 'Name of the ledger.', example: 'syria' })
  @ApiExtraModels(BatchLineDto, BatchAnswer)
  @ApiBody({ schema: LINES_OF(BatchLineDto) })
  @ApiConsumes('application/x-ndjson')
  @ApiOkResponse({ content: { 'application/x-ndjson': { schema: LINES_OF(BatchAnswer) } } })
  async batch(@Req() request: Incoming, @Res() reply: FastifyReply): Promise<void> {
    const { caller, params, body } = request;
    if (caller === undefined) throw new Problem('unauthenticated', KEY_NEEDED);
    const sent = sentBy(request);
    const answers = answersTo(
      linesOf(body as Buffer),
      ({ commandKey, act, checked }) => {
        requireRole(caller, ACTS[act].role);
        return requestOf(params.ledger, checked, caller.id, commandKey);
      },
      (commands) => this.bus.execute(new ExecuteAll(params.ledger, commands, sent)),
    );
    // Until the first window is decided, what goes wrong is the answer.
    const first = await answers.next().catch((error: unknown) => {
      throw toldOf(error);
    });
    void reply
      .header('content-type', 'application/x-ndjson')
      .send(Readable.from(this.#textOf(first, answers, request)));
  }

  async *#textOf(
    first: IteratorResult<BatchAnswer, void>,
    others: AsyncIterable<BatchAnswer>,
    { id }: Incoming,
  ): AsyncGenerator<string> {
    try {
      if (!first.done) yield `${JSON.stringify(first.value)}\n`;
      for await (const answer of others) yield `${JSON.stringify(answer)}\n`;
    } catch (error) {
      // It ends without `done`, and the client sends its lines again.
      this.#logger.error(`batch, request ${id}`, error instanceof Error ? error.stack : String(error));
      throw error;
    }
  }

  async #record(name: ActName, request: Incoming, reply: FastifyReply): Promise<WriteAnswer> {
    const { caller, params, body, headers } = request;
    if (caller === undefined) throw new Problem('unauthenticated', KEY_NEEDED);
    const checked = readBody(name, body, { id: params.id, ifMatch: headers['if-match'] });
    const { seed } = checked;
    if (seed !== undefined) requireSeedKey(headers['idempotency-key']);
    const commandKey = commandKeyOf(headers['idempotency-key']);
    request.commandId = commandKey;
    const address = `/v1/ledgers/${params.ledger}`;
    const sent = sentBy(request);
    const outcome = await this.#execute(requestOf(params.ledger, checked, caller.id, commandKey), sent);
    // Of an opening that was forwarded to us, whoever forwarded it sends the seed.
    const { position } =
      seed === undefined || sent.forwarded !== undefined
        ? outcome
        : await plantSeed(seed, commandKey, ({ act, body: one }, key) =>
            this.#execute(requestOf(params.ledger, readBody(act, one), caller.id, key), {
              ...sent,
              url: `${address}/${ACTS[act].route}`,
              body: one,
              ifMatch: undefined,
            }),
          );
    const collection = ACTS[name].route.split('/')[0];
    void reply
      .header('location', isLedgerAct(name) ? address : `${address}/${collection}/${outcome.entity}`)
      .header('etag', `"${outcome.version}"`);
    return { ...outcome, position, commandId: commandKey };
  }

  async #execute(request: Request, sent: Sent): Promise<Outcome> {
    try {
      return await this.bus.execute(new Execute(request, sent));
    } catch (error) {
      // Without its id the command could not be repeated.
      throw toldOf(error, { commandId: request.commandKey });
    }
  }
}

function sentBy({ url, body, headers, id }: Incoming): Sent {
  return {
    url,
    body,
    authorization: headers.authorization ?? '',
    ifMatch: headers['if-match'],
    requestId: id,
    forwarded: forwardedBy(headers),
  };
}

/** A checked body as a command. */
function requestOf(ledger: string, checked: CheckedBody, recorder: string, commandKey: string): Request {
  return {
    ledger,
    act: completeAct(checked, uuidv7),
    ...(checked.expect !== undefined && { expect: checked.expect }),
    canonicalBody: checked.canonicalBody,
    recorder,
    commandKey,
  };
}

function commandKeyOf(header: string | string[] | undefined): string {
  if (header === undefined) return uuidv7();
  if (typeof header === 'string' && isCommandKey(header)) return header;
  throw new Problem('bad-parameter', 'Idempotency-Key must be 1 to 200 visible ASCII characters, given once.', {
    details: { parameter: 'Idempotency-Key' },
  });
}
