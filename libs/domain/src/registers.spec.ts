import { describe, expect, it } from '@jest/globals';
import { registers } from './claims.fixture.js';
import {
  ancestorOfKind,
  hostStateOf,
  isInside,
  isOfficial,
  isPartOf,
  lineOf,
  voiceOf,
  type Registers,
} from './registers.js';
import type { Actor } from './vocabulary.js';

describe('the line of an actor', () => {
  it.each([
    ['buccino', 'us', 'a person speaks as the body he belongs to'],
    ['cjtf-oir', 'us', 'a multinational command goes under the state that commands it'],
    ['us', 'us', 'a state is its own line'],
    ['ocha', 'un', 'an office of an intergovernmental body'],
    ['kataib-hezbollah', 'kataib-hezbollah', 'an armed group is its own line, whatever it belongs to'],
    ['isis-spokesman', 'isis', 'a person of an armed group'],
    ['sana', 'sana', 'a medium, also a state-owned one'],
    ['sana-editor', 'sana', 'a person of a medium'],
    ['aanes', 'aanes', 'an authority is not inside the state it contests'],
    ['aanes-police', 'aanes', 'an authority inside another'],
    ['aanes-health', 'aanes', 'a body of an authority'],
    ['nobody-registered', 'nobody-registered', 'an unknown actor'],
  ])('%s → %s: %s', (actor, line) => {
    expect(lineOf(actor, registers)).toBe(line);
  });

  it('ends in a ring of parents', () => {
    const ring: Registers = {
      actor: (id): Actor => ({ names: [{ text: id }], kind: 'state-body', partOf: id === 'a' ? 'b' : 'a' }),
      place: (id) => ({ names: [{ text: id }], kind: 'area', inside: id === 'a' ? 'b' : 'a' }),
    };
    expect(['a', 'b']).toContain(lineOf('a', ring));
    expect(isPartOf('a', 'c', ring)).toBe(false);
    expect(isInside('a', 'c', ring)).toBe(false);
    expect(ancestorOfKind('a', ['country'], ring)).toBeUndefined();
  });
});

describe('who speaks officially', () => {
  it.each([
    ['buccino', true],
    ['ocha', true],
    ['aanes', true],
    ['aanes-health', true],
    ['aanes-police', false],
    ['us-official', false],
    ['sana-editor', false],
    ['isis-spokesman', false],
    ['sohr', false],
    ['nobody-registered', false],
  ])('%s: %s', (actor, official) => {
    expect(isOfficial(actor, registers)).toBe(official);
  });
});

describe('whose voice it is', () => {
  const said = (speaker: string, onBehalfOf?: string) =>
    voiceOf({ speaker, firstPublisher: 'cnn', ...(onBehalfOf && { onBehalfOf }) }, registers);

  it('an unnamed speaker is told apart by who published first, on whosever behalf', () => {
    const voice = { line: 'unnamed@cnn', official: false, unnamed: true, compiler: false };
    expect(said('us-official')).toEqual(voice);
    expect(said('us-official', 'pentagon')).toEqual(voice);
    expect(said('npr', 'us-official')).toEqual(voice);
    const passedOn = { speaker: 'us-official', chain: ['cnn', 'reuters'], firstPublisher: 'npr' };
    expect(voiceOf(passedOn, registers)).toEqual(voice);
  });

  it('who speaks on behalf of another speaks as the other', () => {
    expect(said('sana', 'syria-state')).toMatchObject({ line: 'syria-state', official: true });
    expect(said('ucdp-coder')).toMatchObject({ line: 'ucdp', compiler: true });
  });
});

describe('places', () => {
  it('lie inside what they are registered in', () => {
    expect(isInside('conoco-site', 'syria', registers)).toBe(true);
    expect(isInside('syria', 'conoco-site', registers)).toBe(false);
    expect(ancestorOfKind('conoco-site', ['country'], registers)).toBe('syria');
    expect(ancestorOfKind('syria', ['country'], registers)).toBe('syria');
  });

  it('have the state of their country as host', () => {
    expect(hostStateOf('conoco-site', registers)).toBe('syria-state');
    expect(hostStateOf('levant', registers)).toBeUndefined();
  });
});
