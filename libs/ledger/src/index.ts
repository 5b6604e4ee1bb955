/** THE LOG: the writer, the port it writes through, the bytes of records, the keys of private text. */
export {
  createCatalogue,
  recordSchema,
  RECORD_VERSIONS,
  UPCASTERS,
  type Catalogue,
  type Upcasters,
} from './catalogue.js';
export { recordCodec, RECORD_BYTES_MAX, Unreadable, type Codec, type Envelope } from './codec.js';
export { loadDigestKey, MasterKey, openText, type PrivateText, type Unsealed } from './keyring.js';
export {
  Fenced,
  MissingRecords,
  NotNow,
  Refused,
  UnknownLedger,
  type LedgerStorage,
  type StoredRecord,
  type Term,
  type WrappedKey,
} from './storage.js';
export {
  WriteFailure,
  Writers,
  type Outcome,
  type Request,
  type WriteFailureCode,
  type WriterOptions,
} from './writer.js';
export { type Owner, type Ownership } from './ownership.js';
export { LogReader, type OpenedText, type ReadRecord } from './log-reader.js';
export { Committed } from './committed.js';
export { recall } from './snapshots.js';
