/** ANSWERS: every read of a ledger. Nothing here writes. */
import { Controller, Get, Header, Inject, Param, Query, Req, Res, UseInterceptors } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  ActorsQuery,
  AnswersProblems,
  DocumentsQuery,
  EntitiesAnswer,
  EntityAnswer,
  IncidentAnswer,
  IncidentsQuery,
  isId,
  LedgerDto,
  LedgersAnswer,
  LedgersQuery,
  MomentQuery,
  PlacesQuery,
  PolicyQuery,
  Problem,
  readQuery,
  RecordsAnswer,
  RecordsQuery,
  StatementAnswer,
  StatementsQuery,
  AssessmentsQuery,
  TalliesAnswer,
  TalliesQuery,
  WaitQuery,
  type PageQuery,
} from '#contracts';
import type { Id } from '#domain';
import {
  claimsOfStatement,
  entities,
  entity,
  incidentPage,
  incidents,
  records,
  survivorAt,
  type Page,
} from '#read-models';
import { readCursor, writeCursor } from './cursor.js';
import { DatabaseAway } from './database-away.js';
import { EtagByPosition } from './etag.js';
import { Merged, RedirectToSurvivor } from './merged.js';
import { idParam, incidentFilter, ledgerParam, nothing, requireThere, surviving } from './questions.js';
import { clean, named, PAGE_DEFAULT, Reads, type PinnedMoment } from './reads.js';
import { askedTally, talliesAnswer } from './tallies.js';

@ApiTags('Reading')
@AnswersProblems()
@UseInterceptors(EtagByPosition, DatabaseAway, RedirectToSurvivor)
@Controller('v1/ledgers')
export class ReaderController {
  constructor(@Inject(Reads) private readonly reads: Reads) {}

  @Get()
  @ApiOperation({ summary: 'The ledgers that the key is for' })
  @ApiOkResponse({ type: LedgersAnswer })
  async ledgers(@Query() query: LedgersQuery, @Req() { caller }: FastifyRequest): Promise<LedgersAnswer> {
    readQuery(LedgersQuery, query);
    const ledgers = await this.reads.ledgers();
    const mayRead = caller?.ledgers ?? '*';
    return { ledgers: mayRead === '*' ? ledgers : ledgers.filter(({ ledger }) => mayRead.includes(ledger)) };
  }

  @Get(':ledger')
  @ledgerParam
  @ApiOperation({ summary: 'One ledger: how far it is read, and what is in force' })
  @ApiOkResponse({ type: LedgerDto })
  async ledger(@Param('ledger') ledger: string, @Query() query: WaitQuery): Promise<LedgerDto> {
    const { wait } = readQuery(WaitQuery, query);
    const { schema } = await this.reads.moment(ledger, { ...(wait !== undefined && { wait }) });
    return this.reads.standing(ledger, schema);
  }

  @Get(':ledger/actors')
  @ledgerParam
  @ApiOperation({ summary: 'Actors, by id' })
  @ApiOkResponse({ type: EntitiesAnswer })
  actors(@Param('ledger') ledger: string, @Query() query: ActorsQuery): Promise<EntitiesAnswer> {
    const { kind, partOf } = readQuery(ActorsQuery, query);
    return this.#list(ledger, query, { list: 'actors', kind, partOf }, (moment, after, limit) =>
      entities(this.reads.pool, moment.schema, moment, 'actors', clean({ kind, part_of: partOf }), after, limit),
    );
  }

  @Get(':ledger/places')
  @ledgerParam
  @ApiOperation({ summary: 'Places, by id' })
  @ApiOkResponse({ type: EntitiesAnswer })
  places(@Param('ledger') ledger: string, @Query() query: PlacesQuery): Promise<EntitiesAnswer> {
    const { kind, inside } = readQuery(PlacesQuery, query);
    return this.#list(ledger, query, { list: 'places', kind, inside }, (moment, after, limit) =>
      entities(this.reads.pool, moment.schema, moment, 'places', clean({ kind, inside }), after, limit),
    );
  }

  @Get(':ledger/documents')
  @ledgerParam
  @ApiOperation({ summary: 'Documents, by id' })
  @ApiOkResponse({ type: EntitiesAnswer })
  documents(@Param('ledger') ledger: string, @Query() query: DocumentsQuery): Promise<EntitiesAnswer> {
    const { kind, publisher } = readQuery(DocumentsQuery, query);
    return this.#list(ledger, query, { list: 'documents', kind, publisher }, (moment, after, limit) =>
      entities(this.reads.pool, moment.schema, moment, 'documents', clean({ kind, publisher }), after, limit),
    );
  }

  @Get(':ledger/statements')
  @ledgerParam
  @ApiOperation({ summary: 'Statements without their claims, by id' })
  @ApiOkResponse({ type: EntitiesAnswer })
  statements(@Param('ledger') ledger: string, @Query() query: StatementsQuery): Promise<EntitiesAnswer> {
    const { document, speaker, utterance } = readQuery(StatementsQuery, query);
    const filter = clean({ document, speaker, utterance });
    return this.#list(ledger, query, { list: 'statements', ...filter }, (moment, after, limit) =>
      entities(this.reads.pool, moment.schema, moment, 'statements', filter, after, limit),
    );
  }

  @Get(':ledger/assessments')
  @ledgerParam
  @ApiOperation({ summary: 'Assessments, by id' })
  @ApiOkResponse({ type: EntitiesAnswer })
  assessments(@Param('ledger') ledger: string, @Query() query: AssessmentsQuery): Promise<EntitiesAnswer> {
    const { claim, line } = readQuery(AssessmentsQuery, query);
    if (claim !== undefined && line !== undefined) {
      throw new Problem('bad-parameter', 'An assessment is of a claim or of a line: give one of them.', {
        details: { parameter: 'line' },
      });
    }
    const about = claim === undefined ? line && `line ${line}` : `claim ${claim}`;
    return this.#list(ledger, query, { list: 'assessments', about }, (moment, after, limit) =>
      entities(this.reads.pool, moment.schema, moment, 'assessments', clean({ about }), after, limit),
    );
  }

  @Get(':ledger/assessments/:id')
  @ledgerParam
  @idParam
  @ApiOperation({ summary: 'One assessment' })
  @ApiOkResponse({ type: EntityAnswer })
  assessment(@Param('ledger') ledger: string, @Param('id') id: Id, @Query() query: MomentQuery): Promise<EntityAnswer> {
    return this.#one(ledger, 'assessments', id, query);
  }

  @Get(':ledger/incidents')
  @ledgerParam
  @ApiOperation({ summary: 'Incidents, by the start of their time' })
  @ApiOkResponse({ type: EntitiesAnswer })
  incidents(@Param('ledger') ledger: string, @Query() query: IncidentsQuery): Promise<EntitiesAnswer> {
    const checked = readQuery(IncidentsQuery, query);
    if (checked.side !== undefined && checked['of.party'] === undefined) {
      throw new Problem('bad-parameter', 'The parameter side says where of.party stands: give of.party too.', {
        details: { parameter: 'side' },
      });
    }
    const filter = incidentFilter(checked);
    return this.#list(ledger, query, { list: 'incidents', ...filter }, async (moment, after, limit) => {
      const space = after.indexOf(' ');
      const from = { time: after.slice(0, Math.max(space, 0)), id: after.slice(space + 1) };
      await requireThere(this.reads, moment, filter);
      return incidents(
        this.reads.pool,
        moment.schema,
        moment,
        await surviving(this.reads, moment, filter),
        from,
        limit,
      );
    });
  }

  @Get(':ledger/actors/:id')
  @ledgerParam
  @idParam
  @ApiOperation({ summary: 'One actor' })
  @ApiOkResponse({ type: EntityAnswer })
  actor(@Param('ledger') ledger: string, @Param('id') id: Id, @Query() query: MomentQuery): Promise<EntityAnswer> {
    return this.#one(ledger, 'actors', id, query);
  }

  @Get(':ledger/places/:id')
  @ledgerParam
  @idParam
  @ApiOperation({ summary: 'One place' })
  @ApiOkResponse({ type: EntityAnswer })
  place(@Param('ledger') ledger: string, @Param('id') id: Id, @Query() query: MomentQuery): Promise<EntityAnswer> {
    return this.#one(ledger, 'places', id, query);
  }

  @Get(':ledger/documents/:id')
  @ledgerParam
  @idParam
  @ApiOperation({ summary: 'One document' })
  @ApiOkResponse({ type: EntityAnswer })
  document(@Param('ledger') ledger: string, @Param('id') id: Id, @Query() query: MomentQuery): Promise<EntityAnswer> {
    return this.#one(ledger, 'documents', id, query);
  }

  @Get(':ledger/statements/:id')
  @ledgerParam
  @idParam
  @ApiOperation({ summary: 'One statement with its claims' })
  @ApiOkResponse({ type: StatementAnswer })
  async statement(
    @Param('ledger') ledger: string,
    @Param('id') id: Id,
    @Query() query: MomentQuery,
  ): Promise<StatementAnswer> {
    const moment = await this.reads.moment(ledger, readQuery(MomentQuery, query));
    const answer = await this.#entityAt(moment, 'statements', id);
    const claims = await claimsOfStatement(this.reads.pool, moment.schema, moment, id);
    return { ...answer, claims };
  }

  @Get(':ledger/incidents/:id')
  @ledgerParam
  @idParam
  @ApiOperation({ summary: 'One incident: what happened, who says so, and the figures' })
  @ApiOkResponse({ type: IncidentAnswer })
  async incident(
    @Param('ledger') ledger: string,
    @Param('id') id: Id,
    @Query() query: PolicyQuery,
  ): Promise<IncidentAnswer> {
    const checked = readQuery(PolicyQuery, query);
    const moment = { ...(await this.reads.moment(ledger, checked)), ...clean({ saidBy: checked.saidBy }) };
    const { name, policy } = await this.reads.policy(moment, checked.policy);
    const { pool } = this.reads;
    const { schema } = moment;
    const page = isId(id) ? await incidentPage(pool, schema, moment, id, name) : undefined;
    if (page === undefined) throw nothing('incident', id, moment);
    const { incident, ...rest } = page;
    if (incident.status === 'merged') throw new Merged(await this.#survivor(moment, id));
    return { ...named(moment), policy, saidBy: moment.saidBy ?? null, entity: incident, ...rest };
  }

  @Get(':ledger/tallies')
  @ledgerParam
  @ApiOperation({ summary: 'Attacks, killed, injured added up, and levels of force' })
  @ApiOkResponse({ type: TalliesAnswer })
  async tallies(@Param('ledger') ledger: string, @Query() query: TalliesQuery): Promise<TalliesAnswer> {
    const checked = readQuery(TalliesQuery, query);
    return talliesAnswer(this.reads, await askedTally(this.reads, ledger, checked));
  }

  @Get(':ledger/records')
  @ledgerParam
  @ApiOperation({ summary: 'Records in the order of the log: all, or those that changed one entity' })
  @ApiOkResponse({ type: RecordsAnswer })
  records(@Param('ledger') ledger: string, @Query() query: RecordsQuery): Promise<RecordsAnswer> {
    const checked = readQuery(RecordsQuery, query);
    const question = clean({ list: 'records', entity: checked.entity });
    return this.#list(ledger, checked, question, async (moment, after, limit) => {
      const from = /^\d{1,15}$/.test(after) ? Number(after) : 0;
      const page = await records(this.reads.pool, moment.schema, moment, checked.entity, from, limit);
      const items = page.items.map(({ sequence, bytes }) => ({
        sequence,
        event: JSON.parse(bytes.toString('utf8')) as unknown,
      }));
      return { ...page, items };
    });
  }

  @Get(':ledger/records/:sequence')
  @ledgerParam
  @ApiParam({
    name: 'sequence',
    description: 'Position of the record, from 1.',
    schema: { type: 'integer', minimum: 1 },
  })
  @ApiOperation({ summary: 'The exact bytes of one record' })
  @ApiProduces('application/cloudevents+json')
  @Header('content-type', 'application/cloudevents+json')
  async record(
    @Param('ledger') ledger: string,
    @Param('sequence') sequence: string,
    @Query() query: MomentQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const moment = await this.reads.moment(ledger, readQuery(MomentQuery, query));
    const wanted = /^[1-9]\d{0,15}$/.test(sequence) ? Number(sequence) : 0;
    const page = await records(this.reads.pool, moment.schema, moment, undefined, wanted - 1, 1);
    const [found] = page.items;
    if (wanted === 0 || found === undefined) {
      throw new Problem('not-found', `There is no record ${sequence} in ${ledger} as of ${moment.sequence}.`);
    }
    void reply.header('content-disposition', 'inline');
    return found.bytes;
  }

  #survivor(moment: PinnedMoment, id: Id): Promise<Id> {
    return survivorAt(this.reads.pool, moment.schema, moment, id);
  }

  async #one(
    ledger: string,
    table: 'actors' | 'places' | 'documents' | 'assessments',
    id: Id,
    query: MomentQuery,
  ): Promise<EntityAnswer> {
    return this.#entityAt(await this.reads.moment(ledger, readQuery(MomentQuery, query)), table, id);
  }

  async #entityAt(
    moment: PinnedMoment,
    table: 'actors' | 'places' | 'documents' | 'statements' | 'assessments',
    id: Id,
  ): Promise<EntityAnswer> {
    // What cannot be an id names nothing, and the database is not asked: it takes not every text.
    const found = isId(id) ? await entity(this.reads.pool, moment.schema, moment, table, id) : undefined;
    if (found === undefined) throw nothing(table.slice(0, -1), id, moment);
    if (found.status === 'merged') throw new Merged(await this.#survivor(moment, id));
    return { ...named(moment), entity: found };
  }

  async #list<Item>(
    ledger: string,
    query: PageQuery,
    question: object,
    pageOf: (moment: PinnedMoment, after: string, limit: number) => Promise<Page<Item>>,
  ): Promise<{ ledger: string; sequence: number; final: boolean; items: Item[]; next: string | null }> {
    const asked = { ledger, asOf: query.asOf, ...question };
    const cursor = query.cursor === undefined ? undefined : readCursor(asked, query.cursor);
    const moment = await this.reads.moment(ledger, query, cursor);
    const { items, next } = await pageOf(moment, cursor?.after ?? '', Number(query.limit ?? PAGE_DEFAULT));
    const { sequence, final } = moment;
    return {
      ...named(moment),
      items,
      next: next === null ? null : writeCursor(asked, { sequence, final, after: next }),
    };
  }
}
