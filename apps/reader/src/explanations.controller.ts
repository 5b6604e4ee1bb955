/** ANSWERS why numbers are what they are. Nothing here writes. */
import { Controller, Get, Inject, Param, Query, UseInterceptors } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  AnswersProblems,
  DiffAnswer,
  DiffQuery,
  ExplainAnswer,
  ExplainQuery,
  HistoryAnswer,
  HistoryQuery,
  IncidentExplainAnswer,
  IncidentHistoryAnswer,
  IncidentHistoryQuery,
  isId,
  PolicyQuery,
  readQuery,
} from '#contracts';
import type { Id } from '#domain';
import { entityHistory, explainedIncident, incidentHistory, survivorAt } from '#read-models';
import { readCursor, writeCursor } from './cursor.js';
import { DatabaseAway } from './database-away.js';
import { EtagByPosition } from './etag.js';
import { Merged, RedirectToSurvivor } from './merged.js';
import { idParam, ledgerParam, nothing } from './questions.js';
import { clean, named, Reads, type Named, type PinnedMoment } from './reads.js';
import { askedTally, diffAnswer, explainAnswer, tallyMark } from './tallies.js';

const EXPLAINED_MAX = 2_000;
const CHANGED_MAX = 500;
const STEPS_MAX = 100;

@ApiTags('Reading')
@AnswersProblems()
@UseInterceptors(EtagByPosition, DatabaseAway, RedirectToSurvivor)
@Controller('v1/ledgers')
export class ExplanationsController {
  constructor(@Inject(Reads) private readonly reads: Reads) {}

  @Get(':ledger/tallies/explain')
  @ledgerParam
  @ApiOperation({ summary: 'A tally with everything it rests on: figures, claims used and set aside, their sources' })
  @ApiOkResponse({ type: ExplainAnswer })
  async tallies(@Param('ledger') ledger: string, @Query() query: ExplainQuery): Promise<ExplainAnswer> {
    const checked = readQuery(ExplainQuery, query);
    const question = { explain: ledger, ...tallyMark(checked) };
    const cursor = checked.cursor === undefined ? undefined : readCursor(question, checked.cursor);
    const asked = await askedTally(this.reads, ledger, checked, cursor);
    const limit = Number(checked.limit ?? EXPLAINED_MAX);
    const { next, ...answer } = await explainAnswer(this.reads, asked, cursor?.after ?? '', limit);
    const { sequence, final } = asked.moment;
    return { ...answer, next: next === null ? null : writeCursor(question, { sequence, final, after: next }) };
  }

  @Get(':ledger/tallies/diff')
  @ledgerParam
  @ApiOperation({
    summary: 'What changed in a tally since an earlier moment, by how much, and which records caused it',
  })
  @ApiOkResponse({ type: DiffAnswer })
  async diff(@Param('ledger') ledger: string, @Query() query: DiffQuery): Promise<DiffAnswer> {
    const checked = readQuery(DiffQuery, query);
    const question = { diff: ledger, ...tallyMark(checked) };
    const cursor = checked.cursor === undefined ? undefined : readCursor(question, checked.cursor);
    const asked = await askedTally(this.reads, ledger, checked, cursor);
    // A later page keeps both moments of the first.
    const [, sinceOfFirst, finalOfFirst, after = ''] = /^(\d+) (true|false) (.*)$/.exec(cursor?.after ?? '') ?? [];
    const earlier = await this.reads.earlier(asked.moment, sinceOfFirst ?? checked.since);
    const since = finalOfFirst === undefined ? earlier : { ...earlier, final: finalOfFirst === 'true' };
    const limit = Number(checked.limit ?? CHANGED_MAX);
    const { next, ...answer } = await diffAnswer(this.reads, asked, since, after, limit);
    const { sequence, final } = asked.moment;
    const place = `${since.sequence} ${since.final} ${next}`;
    return { ...answer, next: next === null ? null : writeCursor(question, { sequence, final, after: place }) };
  }

  @Get(':ledger/incidents/:id/explain')
  @ledgerParam
  @idParam
  @ApiOperation({ summary: 'Every figure of one incident with the claims used and set aside, and their sources' })
  @ApiOkResponse({ type: IncidentExplainAnswer })
  async incident(
    @Param('ledger') ledger: string,
    @Param('id') id: Id,
    @Query() query: PolicyQuery,
  ): Promise<IncidentExplainAnswer> {
    const checked = readQuery(PolicyQuery, query);
    const moment = { ...(await this.reads.moment(ledger, checked)), ...clean({ saidBy: checked.saidBy }) };
    const { name, policy } = await this.reads.policy(moment, checked.policy);
    const found = isId(id) ? await explainedIncident(this.reads.pool, moment.schema, moment, id, name) : undefined;
    if (found === undefined) throw nothing('incident', id, moment);
    const { incident: entity, answers, statements } = found;
    if (entity.status === 'merged') {
      throw new Merged(await survivorAt(this.reads.pool, moment.schema, moment, id));
    }
    return { ...named(moment), policy, saidBy: moment.saidBy ?? null, entity, answers, statements };
  }

  @Get(':ledger/incidents/:id/history')
  @ledgerParam
  @idParam
  @ApiOperation({ summary: 'What happened to one incident and its numbers, when, why and by whom, the newest last' })
  @ApiOkResponse({ type: IncidentHistoryAnswer })
  async incidentHistory(
    @Param('ledger') ledger: string,
    @Param('id') id: Id,
    @Query() query: IncidentHistoryQuery,
  ): Promise<IncidentHistoryAnswer> {
    const checked = readQuery(IncidentHistoryQuery, query);
    const { policy: asked, asOf } = checked;
    const question = { history: 'incidents', id, asOf, policy: asked };
    return this.#history(ledger, 'incident', id, checked, question, async (moment, after, limit) => {
      const { name, policy } = await this.reads.policy(moment, asked);
      const page = await incidentHistory(this.reads.pool, moment.schema, moment, id, name, after, limit);
      return page && { policy, ...page };
    });
  }

  @Get(':ledger/statements/:id/history')
  @ledgerParam
  @idParam
  @ApiOperation({ summary: 'What happened to one statement and its claims, when, why and by whom, the newest last' })
  @ApiOkResponse({ type: HistoryAnswer })
  statementHistory(
    @Param('ledger') ledger: string,
    @Param('id') id: Id,
    @Query() query: HistoryQuery,
  ): Promise<HistoryAnswer> {
    return this.#entityHistory(ledger, 'statements', id, query);
  }

  @Get(':ledger/documents/:id/history')
  @ledgerParam
  @idParam
  @ApiOperation({ summary: 'What happened to one document, when, why and by whom, the newest last' })
  @ApiOkResponse({ type: HistoryAnswer })
  documentHistory(
    @Param('ledger') ledger: string,
    @Param('id') id: Id,
    @Query() query: HistoryQuery,
  ): Promise<HistoryAnswer> {
    return this.#entityHistory(ledger, 'documents', id, query);
  }

  @Get(':ledger/actors/:id/history')
  @ledgerParam
  @idParam
  @ApiOperation({ summary: 'What happened to one actor, when, why and by whom, the newest last' })
  @ApiOkResponse({ type: HistoryAnswer })
  actorHistory(
    @Param('ledger') ledger: string,
    @Param('id') id: Id,
    @Query() query: HistoryQuery,
  ): Promise<HistoryAnswer> {
    return this.#entityHistory(ledger, 'actors', id, query);
  }

  @Get(':ledger/places/:id/history')
  @ledgerParam
  @idParam
  @ApiOperation({ summary: 'What happened to one place, when, why and by whom, the newest last' })
  @ApiOkResponse({ type: HistoryAnswer })
  placeHistory(
    @Param('ledger') ledger: string,
    @Param('id') id: Id,
    @Query() query: HistoryQuery,
  ): Promise<HistoryAnswer> {
    return this.#entityHistory(ledger, 'places', id, query);
  }

  @Get(':ledger/assessments/:id/history')
  @ledgerParam
  @idParam
  @ApiOperation({ summary: 'What happened to one assessment, when, why and by whom, the newest last' })
  @ApiOkResponse({ type: HistoryAnswer })
  assessmentHistory(
    @Param('ledger') ledger: string,
    @Param('id') id: Id,
    @Query() query: HistoryQuery,
  ): Promise<HistoryAnswer> {
    return this.#entityHistory(ledger, 'assessments', id, query);
  }

  #entityHistory(
    ledger: string,
    table: 'statements' | 'documents' | 'actors' | 'places' | 'assessments',
    id: Id,
    query: HistoryQuery,
  ): Promise<HistoryAnswer> {
    const checked = readQuery(HistoryQuery, query);
    const question = { history: table, id, asOf: checked.asOf };
    return this.#history(ledger, table.slice(0, -1), id, checked, question, (moment, after, limit) =>
      entityHistory(this.reads.pool, moment.schema, moment, table, id, after, limit),
    );
  }

  async #history<Found extends { next: string | null }>(
    ledger: string,
    what: string,
    id: Id,
    query: HistoryQuery,
    question: object,
    pageOf: (moment: PinnedMoment, after: number, limit: number) => Promise<Found | undefined>,
  ): Promise<Found & Named> {
    const asked = { ledger, ...question };
    const cursor = query.cursor === undefined ? undefined : readCursor(asked, query.cursor);
    const moment = await this.reads.moment(ledger, query, cursor);
    const after = Number(cursor?.after ?? 0);
    const found = isId(id) ? await pageOf(moment, after, Number(query.limit ?? STEPS_MAX)) : undefined;
    if (found === undefined) throw nothing(what, id, moment);
    const { sequence, final } = moment;
    const next = found.next === null ? null : writeCursor(asked, { sequence, final, after: found.next });
    return { ...named(moment), ...found, next };
  }
}
