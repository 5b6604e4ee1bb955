/**
 * The bytes of a record, and back. A record is a complete CloudEvent 1.0 in structured JSON mode; these exact bytes are
 * what is stored, sent and later proved, so they are written here, once, and never serialised again.
 *
 * STORAGE FORMAT. The order of attributes, their forms and the names of the types are for ever (golden files in
 * test/golden). Data is checked against its JSON Schema when written and again when read.
 */
import { unknownVersion, type Fact, type LedgerRecord, type RecordName } from '#domain';
import { createCatalogue, recordSchema, RECORD_VERSIONS, UPCASTERS, type Catalogue } from './catalogue.js';

/** A record is at most this long, in bytes of UTF-8. */
export const RECORD_BYTES_MAX = 65_535;

const TYPE = /^incident-ledger\.([A-Za-z]+)\.v([1-9]\d*)$/;
const SEQUENCE = /^\d{20}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export type Envelope = Omit<LedgerRecord, 'name' | 'data'>;

/** The bytes cannot be a record of this ledger, or not one that this version can read. The message says which and why. */
export class Unreadable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Unreadable';
  }
}

export interface Codec {
  /** @throws Unreadable where the data does not fit its schema: a bug of ours, caught before it is for ever. */
  encode(fact: Fact, envelope: Envelope): Uint8Array;
  /** Checks, and lifts older versions to the newest. @throws Unreadable */
  decode(bytes: Uint8Array): LedgerRecord;
}

/** The codec of every record that was ever released. */
export function recordCodec(): Codec {
  return createCodec(createCatalogue(RECORD_VERSIONS, UPCASTERS, recordSchema));
}

export function createCodec(catalogue: Catalogue): Codec {
  return {
    encode(fact, envelope) {
      const version = catalogue.newest(fact.name);
      const fault = catalogue.fault(fact.name, version, fact.data);
      if (fault !== undefined) throw new Unreadable(`${fact.name}.v${version} does not fit its schema: ${fault}`);
      const { ledger, sequence, recordedtime, commandid, commanddigest, recorder } = envelope;
      return Buffer.from(
        JSON.stringify({
          specversion: '1.0',
          id: `${ledger}/${sequence}`,
          source: `/ledgers/${ledger}`,
          type: `incident-ledger.${fact.name}.v${version}`,
          subject: fact.data.changes[0]?.entity,
          datacontenttype: 'application/json',
          dataschema: `urn:incident-ledger:schemas/${fact.name}.v${version}.json`,
          sequence: String(sequence).padStart(20, '0'),
          recordedtime,
          commandid,
          commanddigest,
          recorder,
          data: fact.data,
        }),
        'utf8',
      );
    },

    decode(bytes) {
      const event = parse(bytes);
      const [, name = '', digits = ''] = TYPE.exec(text(event, 'type')) ?? [];
      const version = Number(digits);
      const known = catalogue.isKnown(name, version);
      if (!known) {
        throw new Unreadable(`This version cannot read records of type ${text(event, 'type')}: a newer one is needed.`);
      }
      const padded = text(event, 'sequence');
      const sequence = Number(padded);
      const ledger = text(event, 'source').slice('/ledgers/'.length);
      if (!SEQUENCE.test(padded) || text(event, 'id') !== `${ledger}/${sequence}`) {
        throw new Unreadable(`Sequence ${padded} and id ${text(event, 'id')} do not belong together.`);
      }
      const recordedtime = text(event, 'recordedtime');
      if (!TIME.test(recordedtime)) throw new Unreadable(`${recordedtime} is no recordedtime.`);
      const fault = catalogue.fault(name, version, event['data']);
      if (fault !== undefined) throw new Unreadable(`Record ${ledger}/${sequence} does not fit its schema: ${fault}`);
      const data = catalogue.lift(name as RecordName, version, event['data']);
      const subject = data.changes[0]?.entity;
      if (text(event, 'subject') !== subject) throw new Unreadable(`Record ${ledger}/${sequence} has another subject.`);
      if ('policies' in data) {
        const unknown = unknownVersion(data);
        if (unknown !== undefined) {
          throw new Unreadable(
            `In ${ledger} ${unknown} is in force, which this version does not know: run a newer one.`,
          );
        }
      }
      return {
        name,
        data,
        ledger,
        sequence,
        recordedtime,
        commandid: text(event, 'commandid'),
        commanddigest: text(event, 'commanddigest'),
        recorder: text(event, 'recorder'),
      } as LedgerRecord;
    },
  };
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (error) {
    throw new Unreadable(`Not JSON: ${(error as Error).message}`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new Unreadable('Not a JSON object.');
  return value as Record<string, unknown>;
}

function text(event: Record<string, unknown>, attribute: string): string {
  const value = event[attribute];
  if (typeof value !== 'string') throw new Unreadable(`The attribute ${attribute} is missing or not text.`);
  return value;
}
