/**
 * Every version of every record that was ever written, with its JSON Schema, and how an older one is read as the newest.
 *
 * To add version 2 of a record: change its type in libs/domain, raise its number here, run `npm run contracts` (the file
 * of version 1 stays), add the upcaster from 1 to 2 and a golden file.
 */
import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import type { RecordData, RecordName } from '#domain';

/** The newest version of each record: the one that is written. */
export const RECORD_VERSIONS = {
  LedgerOpened: 1,
  LedgerAdopted: 1,
  LedgerClosed: 1,
  ActorRegistered: 1,
  ActorCorrected: 1,
  ActorReparented: 1,
  ActorMerged: 1,
  PlaceRegistered: 1,
  PlaceCorrected: 1,
  PlaceReparented: 1,
  PlaceMerged: 1,
  DocumentRegistered: 1,
  DocumentCorrected: 1,
  DocumentVersioned: 1,
  IncidentRecorded: 1,
  IncidentCorrected: 1,
  IncidentMerged: 1,
  IncidentSplit: 1,
  StatementRecorded: 1,
  StatementCorrected: 1,
  StatementReassigned: 1,
  StatementRetracted: 1,
  IncidentRetracted: 1,
  IncidentTied: 1,
  IncidentUntied: 1,
  DocumentWithdrawn: 1,
  DocumentUnreachable: 1,
  AssessmentRecorded: 1,
  AssessmentRetracted: 1,
} as const satisfies Record<RecordName, number>;

/** Reads the data of one version as that of the next. Pure; the bytes in the log stay as they are. */
export type Upcaster = (data: never) => unknown;

/** By record, the step away from each older version: `{ IncidentRecorded: { 1: (v1) => v2 } }`. None is needed yet. */
export const UPCASTERS: Upcasters = {};
export type Upcasters = { readonly [name: string]: { readonly [version: number]: Upcaster } };

export interface Catalogue {
  newest(name: RecordName): number;
  isKnown(name: string, version: number): boolean;
  /** What is wrong with the data as that version, or undefined. */
  fault(name: string, version: number, data: unknown): string | undefined;
  /** The data of a known version as the newest. */
  lift<N extends RecordName>(name: N, version: number, data: unknown): RecordData[N];
}

export function createCatalogue(
  versions: Readonly<Record<string, number>>,
  upcasters: Upcasters,
  schemaOf: (name: string, version: number) => object,
): Catalogue {
  const ajv = new Ajv({ discriminator: true, strict: true, strictTypes: false, allErrors: false });
  addFormats.default(ajv, ['date-time']);
  const validators = new Map<string, ValidateFunction>();
  for (const [name, newest] of Object.entries(versions)) {
    for (let version = 1; version <= newest; version += 1) {
      if (version < newest && upcasters[name]?.[version] === undefined) {
        throw new Error(`There is no upcaster from ${name}.v${version}: records of that version could not be read.`);
      }
      validators.set(`${name}.v${version}`, ajv.compile(schemaOf(name, version)));
    }
  }
  return {
    newest: (name) => versions[name] ?? 0,
    isKnown: (name, version) => validators.has(`${name}.v${version}`),
    fault(name, version, data) {
      const validate = validators.get(`${name}.v${version}`);
      if (validate === undefined) return `there is no schema ${name}.v${version}`;
      return validate(data) ? undefined : ajv.errorsText(validate.errors, { dataVar: 'data' });
    },
    lift<N extends RecordName>(name: N, version: number, data: unknown): RecordData[N] {
      let lifted = data;
      for (let from = version; from < (versions[name] ?? 0); from += 1) {
        lifted = upcasters[name]?.[from]?.(lifted as never);
      }
      return lifted as RecordData[N];
    },
  };
}

/** The generated schema of a record's data, as it is served under /schemas. */
export function recordSchema(name: string, version: number): object {
  const file = new URL(`../../../../contracts/records/${name}.v${version}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as object;
}
