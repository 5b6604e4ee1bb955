/** The limits that bodies are checked by are those that records are stored under: no DTO drifts from the vocabulary. */
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { getMetadataStorage, ValidationTypes } from 'class-validator';
import * as dto from './vocabulary.dto.js';

interface Schema {
  $ref?: string;
  anyOf?: Schema[];
  type?: string | string[];
  const?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  definitions?: Record<string, Schema>;
  [limit: string]: unknown;
}

const definitions: Record<string, Schema> = {};
for (const record of [
  'ActorRegistered',
  'PlaceRegistered',
  'DocumentRegistered',
  'IncidentRecorded',
  'StatementRecorded',
]) {
  const file = new URL(`../../../../contracts/records/${record}.v1.json`, import.meta.url);
  Object.assign(definitions, (JSON.parse(readFileSync(file, 'utf8')) as Schema).definitions);
}

/** A definition of the records, and the class that it is sent as. */
const pairs: [definition: string, sent: { prototype: object; name: string }][] = Object.entries(dto).flatMap(
  ([name, sent]): typeof pairs => {
    const definition = name === 'ClaimDto' ? 'claim-of-killed' : name.replace(/Dto$/, '');
    return definitions[definition]?.properties !== undefined ? [[definition, sent]] : [];
  },
);

const LIMITS = ['pattern', 'minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems', 'enum', 'format'];

/** What a schema limits, whatever way it is written in. */
function limitsOf(schema: Schema): Record<string, unknown> {
  const whole =
    schema.$ref === undefined ? schema : { ...definitions[schema.$ref.replace('#/definitions/', '')], ...schema };
  const notNull = whole.anyOf?.find(({ type }) => type !== 'null');
  if (notNull !== undefined && whole.anyOf?.length === 2) return limitsOf(notNull);
  const limits: Record<string, unknown> = {};
  for (const name of LIMITS) if (whole[name] !== undefined) limits[name] = whole[name];
  if (whole.const !== undefined) limits['enum'] = [whole.const];
  if (limits['minItems'] === 0) delete limits['minItems'];
  if (typeof limits['pattern'] === 'string') limits['pattern'] = limits['pattern'].replaceAll('\\/', '/');
  const items = whole.items === undefined ? {} : limitsOf(whole.items);
  return Object.keys(items).length === 0 ? limits : { ...limits, items };
}

/** Different on purpose: a point off the globe is refused at the door; stored claims are told apart by predicate. */
const DIFFERENT = new Set(['Point.lat', 'Point.lon', 'claim-of-killed.predicate']);
/** Left out of a body, it is the statement's own id. */
const ADDED = new Set(['Statement.utterance']);

test('all of the vocabulary has its class', () => {
  expect(pairs.length).toBeGreaterThan(25);
});

describe.each(pairs)('%s', (definition, sent) => {
  const stored = definitions[definition] ?? {};
  const metadata = getMetadataStorage().getTargetValidationMetadatas(
    sent as unknown as new () => object,
    '',
    false,
    false,
  );
  const optional = new Set(
    metadata
      .filter(({ type }) => type === ValidationTypes.CONDITIONAL_VALIDATION)
      .map(({ propertyName }) => propertyName),
  );

  test('asks for the same fields', () => {
    const needed = Object.keys(stored.properties ?? {}).filter((name) => !optional.has(name));
    const asked = (stored.required ?? []).filter((name) => !ADDED.has(`${definition}.${name}`));
    expect(needed.sort()).toEqual([...asked].sort());
  });

  test.each(Object.entries(stored.properties ?? {}))('limits %s alike', (name, schema) => {
    const described = Reflect.getMetadata('swagger/apiModelProperties', sent.prototype, name) as Schema | undefined;
    const isObject = described === undefined || described.anyOf !== undefined || described['oneOf'] !== undefined;
    if (isObject || DIFFERENT.has(`${definition}.${name}`)) return;
    expect(limitsOf(described)).toEqual(limitsOf(schema));
  });
});
