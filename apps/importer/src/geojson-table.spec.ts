/** GeoJSON: features one by one, however the bytes arrive; and what is said where it breaks off. */
import { describe, expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { geojsonTable } from './geojson-table.js';
import { rowsOf } from './made-up.fixture.js';
import type { Row } from './rows.js';

const tableOf = (content: string | Buffer) => {
  const bytes = Buffer.from(content);
  return geojsonTable(() => {
    const chunks = [];
    for (let from = 0; from < bytes.length; from += 5) chunks.push(bytes.subarray(from, from + 5));
    return Readable.from(chunks) as AsyncIterable<Buffer>;
  });
};
const collection = (...features: string[]): string => `{"type":"FeatureCollection","features":[${features.join(',')}]}`;
const feature = (properties: object, coordinates = [36.25, 35.5]): string =>
  JSON.stringify({ type: 'Feature', properties, geometry: { type: 'Point', coordinates } });

describe('features are rows', () => {
  test('properties are columns; numbers, texts and null; the point is latitude and longitude', async () => {
    const [first, second] = (await rowsOf(
      tableOf(collection(feature({ ID: 7, name: 'Nana-Mambéré', adm_2: null }), feature({ id: '8', latitude: 1.5 }))),
    )) as Row[];
    expect(['id', 'name', 'adm_2', 'latitude', 'longitude'].map((column) => first?.text(column))).toEqual([
      '7',
      'Nana-Mambéré',
      '',
      '35.5',
      '36.25',
    ]);
    expect([first?.has('adm_2'), first?.has('best'), first?.at, second?.at]).toEqual([true, false, 1, 2]);
    // What the properties say themselves comes first.
    expect(second?.text('latitude')).toBe('1.5');
  });

  test('whatever stands around the features, in any order', async () => {
    const text = `{"name":"x","crs":{"a":[1,{"b":2}]},"features":[${feature({ id: 1 })}],"type":"FeatureCollection"}`;
    expect(await rowsOf(tableOf(text))).toHaveLength(1);
  });
});

describe('what is broken', () => {
  test.each([
    ['cut within a feature', collection(feature({ id: 1 }), feature({ id: 2 })).slice(0, -40)],
    ['cut after one', collection(feature({ id: 1 })).slice(0, -2)],
    ['no JSON from there on', `${collection(feature({ id: 1 })).slice(0, -2)}, nonsense]}`],
    [
      'no UTF-8 from there on',
      Buffer.concat([Buffer.from(collection(feature({ id: 1 })).slice(0, -2)), Buffer.from([0x2c, 0xff])]),
    ],
  ])('%s', async (_, content) => {
    await expect(rowsOf(tableOf(content))).rejects.toThrow('The GeoJSON breaks off after feature 1');
  });

  test('JSON that is no collection of features', async () => {
    await expect(rowsOf(tableOf('{"type":"Feature","properties":{}}'))).rejects.toThrow('no GeoJSON FeatureCollection');
  });
});
