/** The command line of an import: what it takes, and what it refuses before anything is read or sent. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const FORMATS = ['ged', 'centcom'] as const;
export type Format = (typeof FORMATS)[number];

const USAGE = `Usage: npm run import -- <format> <file> --ledger <name> [options]
  <format>            ged: a release of UCDP GED, CSV or GeoJSON; centcom: strike lines. Either may be gzip
  --url               the recorder; http://127.0.0.1:7410 if left out
  --key-file          a file with the text of an API key; if left out, the variable INCIDENT_LEDGER_KEY
  --release           of ged, such as 23.1; if left out, as the name of the file or of the GeoJSON says
  --published         the day on which the release came out, such as 2023-06-12; if left out, its year is assumed
  --retract-missing   rows that an earlier release had and this one has not are retracted, in the countries and years of the file
  --retract-at-most   so many rows; if left out, a tenth of those in question
  --rejects           the file for rows that cannot be read; if left out, beside the journal
  --journal           the folder that remembers what was imported; ./import-journal if left out
  --patience          for how many seconds to wait for a recorder that does not answer; 300 if left out
Ends with 0 if every row is in, 1 if some are in the rejects file, 2 if it could not be done.`;

/** The command is wrong; the message says how it is right. */
export class WrongUsage extends Error {}

export interface Options {
  format: Format;
  file: string;
  ledger: string;
  url: string;
  key: string;
  release: string | undefined;
  published: string | undefined;
  retractMissing: boolean;
  retractAtMost: number | undefined;
  rejects: string | undefined;
  journal: string;
  patienceMs: number;
}

/** @throws WrongUsage */
export function readOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const { values, positionals } = parsed(args);
  const [format, file, ...more] = positionals;
  if (!isFormat(format) || file === undefined || more.length > 0) throw new WrongUsage(USAGE);
  if (values.ledger === undefined || !/^[a-z0-9-]{1,48}$/.test(values.ledger)) {
    throw new WrongUsage('--ledger <name> says where the rows are recorded: 1 to 48 of a-z, 0-9 and -.');
  }
  if (!URL.canParse(values.url) || !/^https?:/.test(values.url)) {
    throw new WrongUsage('--url must be an address such as http://127.0.0.1:7410.');
  }
  if (values.release !== undefined && !/^[a-z0-9][a-z0-9._-]{0,19}$/.test(values.release)) {
    throw new WrongUsage('--release must be 1 to 20 of a-z, 0-9, . _ and -, such as 23.1.');
  }
  if (values.published !== undefined && !isDate(values.published)) {
    throw new WrongUsage('--published must be a date that exists, such as 2023-06-12.');
  }
  if (
    format !== 'ged' &&
    (values.release !== undefined || values.published !== undefined || values['retract-missing'])
  ) {
    throw new WrongUsage(
      `A file of ${format} has no releases: leave --release, --published and --retract-missing out.`,
    );
  }
  return {
    format,
    file,
    ledger: values.ledger,
    url: values.url,
    key: keyOf(values['key-file'], env),
    release: values.release,
    published: values.published,
    retractMissing: values['retract-missing'],
    retractAtMost:
      values['retract-at-most'] === undefined ? undefined : whole('--retract-at-most', values['retract-at-most']),
    rejects: values.rejects,
    journal: values.journal,
    patienceMs: whole('--patience', values.patience) * 1000,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ledger: { type: 'string' },
        url: { type: 'string', default: 'http://127.0.0.1:7410' },
        'key-file': { type: 'string' },
        release: { type: 'string' },
        published: { type: 'string' },
        'retract-missing': { type: 'boolean', default: false },
        'retract-at-most': { type: 'string' },
        rejects: { type: 'string' },
        journal: { type: 'string', default: 'import-journal' },
        patience: { type: 'string', default: '300' },
      },
    });
  } catch (error) {
    throw new WrongUsage(`${(error as Error).message}\n${USAGE}`, { cause: error });
  }
}

const isFormat = (word: string | undefined): word is Format =>
  (FORMATS as readonly (string | undefined)[]).includes(word);

function isDate(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function whole(name: string, text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new WrongUsage(`${name} must be a whole number.`);
}

function keyOf(file: string | undefined, env: NodeJS.ProcessEnv): string {
  let key = env['INCIDENT_LEDGER_KEY'];
  if (file !== undefined) {
    try {
      key = readFileSync(file, 'utf8');
    } catch (error) {
      throw new WrongUsage(`${file} cannot be read: --key-file names a file with the text of an API key.`, {
        cause: error,
      });
    }
  }
  const text = key?.trim() ?? '';
  if (/^[\x21-\x7E]{1,200}$/.test(text)) return text;
  throw new WrongUsage(
    'An API key is needed: its text in INCIDENT_LEDGER_KEY, or a file that holds it with --key-file.',
  );
}

/** As the name of the file (ged231.csv, GEDEvent_v23_1.csv) or of the GeoJSON in its first lines says; else undefined. */
export function releaseIn(fileName: string, head: string): string | undefined {
  const inHead = /^\s*\{\s*"type"\s*:\s*"FeatureCollection"\s*,\s*"name"\s*:\s*"GEDEvent_v(\d{1,2})_(\d{1,2})"/i.exec(
    head,
  );
  const found = inHead ?? /GEDEvent_v(\d{1,2})_(\d{1,2})/i.exec(fileName) ?? /\bged-?(\d{2})(\d)\b/i.exec(fileName);
  return found === null ? undefined : `${found[1]}.${found[2]}`;
}

/** The last day of the year that the number of a release names: 23.1 and 2023 came out in 2023. */
export function yearOfRelease(release: string): string | undefined {
  const year = /^(?:20)?(\d{2})(?:\.\d{1,2})*$/.exec(release)?.[1];
  return year === undefined ? undefined : `20${year}-12-31`;
}
