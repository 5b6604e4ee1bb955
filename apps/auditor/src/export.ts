/**
 * EXPORT: a ledger, as of its end or of an earlier record, in forms that others read. It streams from the log alone. Private
 * texts are never opened: in records they stay sealed, everywhere else they are left out.
 */
import { stringify } from 'csv-stringify/sync';
import {
  applyPolicy,
  positionsOf,
  type Figure,
  type Id,
  type Incident,
  type PolicyName,
  type Predicate,
} from '#domain';
import type { LedgerStorage } from '#ledger';
import type { Progress } from '#runtime';
import { GED_COLUMNS, gedRow } from './ged.js';
import { Told } from './told.js';
import { batches, toldBy } from './verify.js';

export const FORMATS = ['ndjson', 'geojson', 'ged-csv'] as const;
export type Format = (typeof FORMATS)[number];

export interface ExportOptions {
  ledger: string;
  storage: LedgerStorage;
  format: Format;
  policy: PolicyName;
  /** The last record that counts. */
  asOf: number;
  progress: Progress;
  signal: AbortSignal;
}

/** The file, piece by piece. */
export async function* exported(options: ExportOptions): AsyncGenerator<Uint8Array | string> {
  if (options.format === 'ndjson') {
    yield* records(options);
    return;
  }
  const told = await toldBy(options, options.asOf, new Told(true));
  yield* options.format === 'geojson' ? geojson(told, options) : gedCsv(told, options);
}

const NEWLINE = Buffer.from('\n');

/** The exact bytes of every record, each followed by a line feed: JSON as we write it has none inside. */
async function* records({ storage, ledger, asOf, signal, progress }: ExportOptions): AsyncGenerator<Uint8Array> {
  for await (const batch of batches(storage, ledger, asOf, signal)) {
    yield Buffer.concat(batch.flatMap(({ bytes }) => [bytes, NEWLINE]));
    progress.copied(batch.at(-1)?.sequence ?? 0, asOf);
  }
}

const ROWS = 500;

function* gedCsv(told: Told, { policy }: ExportOptions): Generator<string> {
  yield stringify([[...GED_COLUMNS]]);
  let rows: unknown[][] = [];
  // What has live parts is never added to them, so that the sum of the rows is the sum of the ledger.
  for (const one of incidents(told, policy)) {
    if (one.isWhole) continue;
    const row = gedRow(told, one.id, one.card, one.figures.killed, told.partsOf(one.figures.killed.used));
    rows.push(GED_COLUMNS.map((column) => row[column]));
    if (rows.length < ROWS) continue;
    yield stringify(rows);
    rows = [];
  }
  if (rows.length > 0) yield stringify(rows);
}

function* geojson(told: Told, { ledger, policy, asOf }: ExportOptions): Generator<string> {
  const version = told.policies[policy] ?? 0;
  const head = { type: 'FeatureCollection', name: ledger, ledger, sequence: asOf, policy: `${policy}@${version}` };
  yield `${JSON.stringify(head).slice(0, -1)},"features":[`;
  let isFirst = true;
  for (const { id, card, isWhole, figures } of incidents(told, policy)) {
    const point = card.place?.point ?? (card.place && told.place(card.place.place)?.point);
    const geometry = point === undefined ? null : { type: 'Point', coordinates: [point.lon, point.lat] };
    const feature = {
      type: 'Feature',
      id,
      geometry,
      properties: {
        ...gedRow(told, id, card, figures.killed, told.partsOf(figures.killed.used)),
        incident: id,
        title: card.title ?? null,
        kind: card.kind,
        method: card.method,
        place: card.place?.place ?? null,
        time: card.time ?? null,
        parties: card.parties,
        whole: isWhole,
        figures: Object.fromEntries(Object.entries(figures).map(([of, figure]) => [of, shown(figure)])),
      },
    };
    yield `${isFirst ? '' : ','}\n${JSON.stringify(feature)}`;
    isFirst = false;
  }
  yield '\n]}\n';
}

function shown({ low, best, high, status, basis, contested }: Figure): object {
  return { low, best, high, status, basis, contested };
}

const FIGURES = { attacks: 'happened', killed: 'killed', injured: 'injured' } as const satisfies Record<
  string,
  Predicate
>;

interface Exported {
  id: Id;
  card: Incident;
  /** It has live parts: it is shown beside sums, never added. */
  isWhole: boolean;
  /** Of anybody, under the policy. */
  figures: Record<keyof typeof FIGURES, Figure>;
}

function* incidents(told: Told, policy: PolicyName): Generator<Exported> {
  const statements = told.statementsByAbout();
  const wholes = told.wholes();
  for (const [id, card] of told.incidents()) {
    const { claims } = told.claimsAbout(id, statements.get(id) ?? []);
    const figure = (predicate: Predicate): Figure =>
      applyPolicy(positionsOf({ predicate }, claims, { id, incident: card }, told), policy, told.policies[policy]);
    const figures = { attacks: figure('happened'), killed: figure('killed'), injured: figure('injured') };
    yield { id, card, isWhole: wholes.has(id), figures };
  }
}
