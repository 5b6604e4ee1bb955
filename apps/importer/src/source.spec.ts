/** The file itself: unpacked, told by its first bytes, and what is said where it cannot be read. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { csvOf, event, rowsOf } from './made-up.fixture.js';
import { SourceFile } from './source.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(content: string | Buffer, name = 'file'): Promise<SourceFile> {
  const path = join(folder, name);
  await writeFile(path, content);
  return SourceFile.open(path);
}
const idsIn = async (file: SourceFile): Promise<(string | undefined)[]> =>
  (await rowsOf((await file.table()).table)).map((row) => ('reason' in row ? undefined : row.text('id')));

const csv = csvOf([event(), event({ id: '102' })]);
const geojson = JSON.stringify({ type: 'FeatureCollection', features: [{ properties: event(), geometry: null }] });

test.each([
  ['CSV', csv, ['101', '102']],
  ['CSV that is gzip', gzipSync(csv), ['101', '102']],
  ['CSV with a mark before quoted names', `\uFEFF${csv.replace('id,', '"id",')}`, ['101', '102']],
  ['GeoJSON', geojson, ['101']],
  ['GeoJSON with a mark, that is gzip', gzipSync(`\uFEFF${geojson}`), ['101']],
])('%s, whatever its name', async (_, content, ids) => {
  const file = await fileOf(content);
  expect(await idsIn(file)).toEqual(ids);
  expect(file.share).toBe(1);
});

describe('what cannot be read', () => {
  test.each([
    ['nothing', '', 'is empty'],
    ['a zip archive', 'PK\u0003\u0004', 'is a zip archive: unpack it first'],
    ['UTF-16', Buffer.from(`\uFEFF${csv}`, 'utf16le'), 'The file is UTF-16: save it as UTF-8.'],
    ['gzip that was cut', gzipSync(csv).subarray(0, -20), 'is no whole gzip file: fetch it again'],
  ])('%s', async (_, content, reason) => {
    const file = await fileOf(content);
    await expect(idsIn(file)).rejects.toThrow(reason);
  });

  test('no file, and a folder', async () => {
    await expect(SourceFile.open(join(folder, 'none'))).rejects.toThrow('none cannot be opened (ENOENT)');
    await expect(SourceFile.open(folder)).rejects.toThrow(/EISDIR|is not a file/);
  });
});
