/** SERIES OVER TIME: published totals and levels of force, step by step. */
import { Controller, Get, Inject, Param, Query, UseInterceptors } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  AnswersProblems,
  LevelsAnswer,
  LevelsQuery,
  Problem,
  readQuery,
  TotalsAnswer,
  TotalsQuery,
  type PageQuery,
} from '#contracts';
import { dayOf, forceLevelSeries, publishedTotals, TooManyToCompute, type SeriesPage } from '#read-models';
import { readCursor, writeCursor } from './cursor.js';
import { DatabaseAway } from './database-away.js';
import { EtagByPosition } from './etag.js';
import { ledgerParam } from './questions.js';
import { clean, DEFAULT_POLICY, named, PAGE_DEFAULT, Reads, type Named, type PinnedMoment } from './reads.js';

@ApiTags('Reading')
@AnswersProblems()
@UseInterceptors(EtagByPosition, DatabaseAway)
@Controller('v1/ledgers')
export class SeriesController {
  constructor(@Inject(Reads) private readonly reads: Reads) {}

  @Get(':ledger/totals')
  @ledgerParam
  @ApiOperation({
    summary: 'Totals that somebody published, as series, with phases and re-basings; never added to tallies',
  })
  @ApiOkResponse({ type: TotalsAnswer })
  totals(@Param('ledger') ledger: string, @Query() query: TotalsQuery): Promise<TotalsAnswer> {
    const { of, line, 'of.party': party, place, counter } = readQuery(TotalsQuery, query);
    const filter = clean({ of, line, party, place, counter });
    return this.#series(ledger, query, { list: 'totals', ...filter }, async (moment, page) => ({
      ...(await publishedTotals(this.reads.pool, moment.schema, moment, filter, page)),
      saidBy: moment.saidBy ?? null,
    }));
  }

  @Get(':ledger/levels')
  @ledgerParam
  @ApiOperation({ summary: 'Levels of force, as series by force, exact places, measure and component, with their age' })
  @ApiOkResponse({ type: LevelsAnswer })
  levels(@Param('ledger') ledger: string, @Query() query: LevelsQuery): Promise<LevelsAnswer> {
    const checked = readQuery(LevelsQuery, query);
    const { 'of.party': party, place, measure, component } = checked;
    const filter = clean({ party, places: place?.split(','), measure, component });
    const asked = { list: 'levels', ...filter, policy: checked.policy ?? DEFAULT_POLICY };
    return this.#series(ledger, query, asked, async (moment, page) => {
      const { name, policy } = await this.reads.policy(moment, checked.policy);
      const ageAt = await dayOf(this.reads.pool, moment.schema, moment);
      const found = await forceLevelSeries(this.reads.pool, moment.schema, moment, filter, name, ageAt, page);
      return { ...found, policy, ageAt, saidBy: moment.saidBy ?? null };
    });
  }

  async #series<Found extends SeriesPage<unknown>>(
    ledger: string,
    query: PageQuery & { saidBy?: string },
    filter: object,
    find: (moment: PinnedMoment, page: { after: number; limit: number }) => Promise<Found>,
  ): Promise<Named & Omit<Found, 'next'> & { next: string | null }> {
    const { asOf = null, saidBy } = query;
    const asked = { ...filter, ledger, asOf, saidBy: saidBy ?? null };
    const cursor = query.cursor === undefined ? undefined : readCursor(asked, query.cursor);
    const moment = { ...(await this.reads.moment(ledger, query, cursor)), ...clean({ saidBy }) };
    const page = { after: Number(cursor?.after ?? 0), limit: Number(query.limit ?? PAGE_DEFAULT) };
    const { next, ...found } = await find(moment, page).catch(asProblem);
    const { sequence, final } = moment;
    const nextCursor = next === null ? null : writeCursor(asked, { sequence, final, after: String(next) });
    return { ...named(moment), ...found, next: nextCursor };
  }
}

function asProblem(error: unknown): never {
  if (!(error instanceof TooManyToCompute)) throw error;
  throw new Problem(
    'bad-parameter',
    `Series are worked out when asked, of at most ${error.max} scopes, and more are chosen: narrow them by place, of.party or, of totals, of.`,
    { details: { parameter: 'place', scopesMax: error.max } },
  );
}
