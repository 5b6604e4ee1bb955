/**
 * CSV: columns by name, lines ended by CRLF or LF, line breaks and commas in quoted cells. Cells are read as UTF-8; one whose
 * bytes are none is read as windows-1252, which Latin-1 is a part of: cell by cell, because files are pasted together.
 */
import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
import { parse, type CsvError, type Info } from 'csv-parse';
import { UnreadableFile, type Broken, type Row, type Table } from './rows.js';

/** No row of these data sets comes near; a quote that is never closed does. */
const RECORD_BYTES_MAX = 5_000_000;

export function csvTable(bytes: () => AsyncIterable<Buffer>): Table {
  let notUtf8 = 0;
  let endsWithin = 0;

  /** Bytes were taken for characters of the same number; here they become text. */
  function decoded(cell: string): string {
    if (!/[\u0080-\u00FF]/.test(cell)) return cell;
    const raw = Buffer.from(cell, 'latin1');
    if (isUtf8(raw)) return raw.toString('utf8');
    notUtf8 += 1;
    return cell.replaceAll(/[\u0080-\u009F]/g, (letter) => WINDOWS_1252[letter.charCodeAt(0) - 0x80] ?? letter);
  }

  class CsvRow implements Row {
    constructor(
      readonly at: number,
      private readonly columns: ReadonlyMap<string, number>,
      private readonly cells: readonly string[],
    ) {}

    text(column: string): string {
      const index = this.columns.get(column);
      return index === undefined ? '' : decoded(this.cells[index] ?? '').trim();
    }

    has(column: string): boolean {
      return this.columns.has(column);
    }

    raw(): string {
      return this.cells.map(decoded).join(',');
    }
  }

  async function* rows(): AsyncGenerator<Row | Broken> {
    const broken: CsvError[] = [];
    let lastByte = 0x0a;
    async function* watched(): AsyncGenerator<Buffer> {
      for await (const chunk of bytes()) {
        lastByte = chunk.at(-1) ?? lastByte;
        yield chunk;
      }
    }
    const parser = parse({
      encoding: 'latin1',
      info: true,
      max_record_size: RECORD_BYTES_MAX,
      record_delimiter: ['\r\n', '\n'],
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
    });
    parser.on('skip', (error: CsvError) => broken.push(error));
    const source = Readable.from(watched(), { objectMode: false });
    source.on('error', (error) => parser.destroy(error));
    let columns: Map<string, number> | undefined;
    let width = 0;
    /** Of the records so far. */
    let lines = 0;
    let emptyLines = 0;
    try {
      for await (const { record, info } of source.pipe(parser) as AsyncIterable<{ record: string[]; info: Info }>) {
        const at = lines + info.empty_lines + 1;
        lines += linesOf(record);
        emptyLines = info.empty_lines;
        if (columns === undefined) {
          columns = columnsOf(record.map(decoded));
          width = record.length;
        } else if (isTagRow(record)) {
          continue;
        } else if (record.length === width) {
          yield new CsvRow(at, columns, record);
        } else {
          const counted = `has ${record.length} cells where ${width} columns are named`;
          yield { at, reason: `${counted}: it may be cut off`, raw: record.map(decoded).join(',') };
        }
      }
    } finally {
      source.destroy();
    }
    const [error] = broken;
    if (error?.code === 'CSV_MAX_RECORD_SIZE') {
      throw new UnreadableFile(
        `The row that begins in line ${lines + emptyLines + 1} has no end within 5 MB: a quote in it is never closed. ` +
          'What stands before it was imported; mend it and begin again.',
      );
    }
    if (error !== undefined) {
      const reason = 'a quote that opens here is never closed: this row, and all after it, cannot be told apart';
      yield { at: lines + emptyLines + 1, reason, raw: '' };
    } else if (lastByte !== 0x0a) {
      endsWithin = lines + emptyLines;
    }
  }

  return {
    unit: 'line',
    rows,
    notes: () => [
      notUtf8 === 0
        ? 'Read as UTF-8.'
        : `Read as UTF-8, but for ${notUtf8.toLocaleString('en-US')} cells that are none: those as windows-1252 (Latin-1).`,
      ...(endsWithin === 0
        ? []
        : [`The last line, ${endsWithin}, has no end: if the file was cut there, its last number may be too short.`]),
    ],
  };
}

/** What windows-1252 has in the place of the control characters of Latin-1. (TextDecoder of Node 20 takes it for Latin-1.) */
const WINDOWS_1252 = [...'€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008DŽ\u008F\u0090‘’“”•–—˜™š›œ\u009DžŸ'];

/** In how many lines a record stands: those that its cells hold, and its own. */
function linesOf(record: readonly string[]): number {
  let lines = 1;
  for (const cell of record) {
    for (let at = cell.indexOf('\n'); at !== -1; at = cell.indexOf('\n', at + 1)) lines += 1;
  }
  return lines;
}

function columnsOf(names: readonly string[]): Map<string, number> {
  const columns = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    const column = name.trim().toLowerCase();
    if (column === '') continue;
    if (columns.has(column)) throw new UnreadableFile(`Two columns of the file are named ${JSON.stringify(column)}.`);
    columns.set(column, index);
  }
  return columns;
}

/** HXL: some publishers put a row of tags, such as #affected+killed, below the names. */
function isTagRow(record: readonly string[]): boolean {
  const filled = record.filter((cell) => cell !== '');
  return filled.length > 0 && filled.every((cell) => cell.startsWith('#'));
}
