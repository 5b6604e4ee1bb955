/** The OpenAPI documents in contracts/: nothing in them goes without a word of what it is. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { ACTS } from '#contracts';

interface Described {
  description?: string;
  summary?: string;
  $ref?: string;
}
interface OpenApi {
  paths: Record<string, Record<string, Described & { parameters?: (Described & { name: string })[] }>>;
  components: { schemas: Record<string, { properties?: Record<string, Described> }> };
}

const read = (name: string): OpenApi =>
  JSON.parse(readFileSync(new URL(`../../contracts/openapi-${name}.json`, import.meta.url), 'utf8')) as OpenApi;

describe.each(['recorder', 'reader'])('the API of the %s', (name) => {
  const { paths, components } = read(name);

  test('describes every field', () => {
    const fields = Object.entries(components.schemas).flatMap(([schema, { properties = {} }]) =>
      Object.entries(properties).map(([field, { description }]) => ({ field: `${schema}.${field}`, description })),
    );
    expect(fields.length).toBeGreaterThan(50);
    expect(fields.filter(({ description }) => description === undefined)).toEqual([]);
  });

  test('describes every operation and parameter', () => {
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ at: `${method} ${path}`, ...operation })),
    );
    expect(operations.filter(({ summary }) => summary === undefined || summary === '')).toEqual([]);
    const parameters = operations.flatMap(({ at, parameters: all = [] }) =>
      all.map(({ name: parameter, description }) => ({ at, parameter, description })),
    );
    expect(parameters.filter(({ description }) => description === undefined)).toEqual([]);
  });
});

test('every act has its route, and all of them one together', () => {
  const doors = [...Object.values(ACTS).map(({ route }) => route), 'batch'];
  const routes = doors.map((route) => `/v1/ledgers/{ledger}/${route.replace(':id', '{id}')}`);
  expect(Object.keys(read('recorder').paths).sort()).toEqual(routes.sort());
});
