/**
 * GeoJSON: a row is a feature of the collection, its columns are its properties, and its point is latitude and longitude.
 * One feature is in memory at a time. GeoJSON is UTF-8 by its standard.
 */
import { JSONParser } from '@streamparser/json';
import { UnreadableFile, type Row, type Table } from './rows.js';

interface Feature {
  properties?: Record<string, unknown> | null;
  geometry?: { type?: unknown; coordinates?: unknown } | null;
}

export function geojsonTable(bytes: () => AsyncIterable<Buffer>): Table {
  async function* rows(): AsyncGenerator<Row> {
    const parser = new JSONParser({ paths: ['$.features.*'], keepStack: false });
    const decoder = new TextDecoder('utf-8', { fatal: true });
    let features: Feature[] = [];
    let broken: Error | undefined;
    let count = 0;
    parser.onValue = ({ value }) => void features.push(value as unknown as Feature);
    parser.onError = (error) => (broken ??= error);
    const failed = (): UnreadableFile =>
      new UnreadableFile(
        `The GeoJSON breaks off after feature ${count} (${broken?.message}). ` +
          'What stands before was imported; fetch the file again, or mend it.',
      );
    for await (const chunk of bytes()) {
      try {
        parser.write(decoder.decode(chunk, { stream: true }));
      } catch (error) {
        broken ??= error as Error;
      }
      for (const feature of features) yield new FeatureRow((count += 1), feature);
      features = [];
      if (broken !== undefined) throw failed();
    }
    if (!parser.isEnded) {
      broken = new Error('it ends within');
      throw failed();
    }
    if (count === 0) throw new UnreadableFile('The file is JSON, but no GeoJSON FeatureCollection with features.');
  }
  return { unit: 'feature', rows, notes: () => ['Read as UTF-8.'] };
}

class FeatureRow implements Row {
  readonly #cells: ReadonlyMap<string, unknown>;

  constructor(
    readonly at: number,
    private readonly feature: Feature,
  ) {
    const cells = new Map(Object.entries(feature.properties ?? {}).map(([name, cell]) => [name.toLowerCase(), cell]));
    const { type, coordinates } = feature.geometry ?? {};
    if (type === 'Point' && Array.isArray(coordinates)) {
      const [longitude, latitude] = coordinates as unknown[];
      if (!cells.has('longitude')) cells.set('longitude', longitude);
      if (!cells.has('latitude')) cells.set('latitude', latitude);
    }
    this.#cells = cells;
  }

  text(column: string): string {
    const cell = this.#cells.get(column);
    return typeof cell === 'string' ? cell.trim() : typeof cell === 'number' ? String(cell) : '';
  }

  has(column: string): boolean {
    return this.#cells.has(column);
  }

  raw(): string {
    return JSON.stringify(this.feature);
  }
}
