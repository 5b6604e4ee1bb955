/** Which records count, without a broker: topics as Kafka could hold them, and what a slow, plain reading makes of them. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Unreadable } from '#ledger';
import { Acceptance, SEQUENCE_HEADER, TERM_TYPE, TYPE_HEADER, type Producer } from './acceptance.js';
import type { RawMessage } from './client.js';

const LIKE_A_MARKER = Buffer.from([0, 0, 0, 0]);
const OURS = 'ours';

/** What `node --expose-gc` would offer. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

interface Written {
  producer: Producer;
  sequence?: number;
  isTerm?: true;
  key?: Buffer;
  outsideOfTransaction?: true;
}

/** A topic being written, as a broker would. */
class Topic {
  readonly messages: RawMessage[] = [];
  #end = 0;

  write({ producer, sequence, isTerm, key, outsideOfTransaction }: Written): RawMessage {
    const headers: RawMessage['headers'] = {};
    if (sequence !== undefined) headers[SEQUENCE_HEADER] = Buffer.from(String(sequence).padStart(20, '0'));
    if (isTerm) headers[TYPE_HEADER] = Buffer.from(TERM_TYPE);
    return this.#add(producer, { key: key ?? null, headers, inTransaction: outsideOfTransaction !== true });
  }

  end(producer: Producer, how: 'commit' | 'abort'): RawMessage {
    const key = Buffer.from([0, 0, 0, how === 'commit' ? 1 : 0]);
    return this.#add(producer, { key, isControlRecord: true, inTransaction: true });
  }

  /** Offsets need not follow each other. */
  leaveHole(size: number): void {
    this.#end += size;
  }

  term(producer: Producer): void {
    this.write({ producer, isTerm: true });
    this.end(producer, 'commit');
  }

  #add(producer: Producer, { inTransaction, ...more }: Partial<RawMessage> & { inTransaction: boolean }): RawMessage {
    const message: RawMessage = {
      offset: String(this.#end),
      key: null,
      value: Buffer.from(`at ${this.#end}`),
      headers: {},
      isControlRecord: false,
      ...more,
      batchContext: { producerId: producer.id, producerEpoch: producer.epoch, inTransaction },
    };
    this.#end += 1;
    this.messages.push(message);
    return message;
  }
}

interface Read {
  /** sequence@offset */
  counted: string[];
  foreign: number[];
}

function read(messages: readonly RawMessage[], acceptance = new Acceptance('l')): Read {
  const found: Read = { counted: [], foreign: [] };
  for (const message of messages) {
    const { counted, foreign } = acceptance.take(message);
    for (const { sequence, offset, bytes } of counted) {
      expect(Buffer.from(bytes).toString()).toBe(`at ${offset}`);
      found.counted.push(`${sequence}@${offset}`);
    }
    for (const { offset } of foreign) found.foreign.push(offset);
  }
  return found;
}

/** The rules as docs/consume.md has them, over a whole topic at once: nothing is followed, everything is looked up. */
function readPlainly(messages: readonly RawMessage[]): Read {
  const offsetOf = ({ offset }: RawMessage): number => Number(offset);
  const data = messages.filter(({ isControlRecord }) => !isControlRecord);
  const ended = data.flatMap((message) => {
    const marker = messages.find(
      (one) =>
        one.isControlRecord &&
        one.batchContext.producerId === message.batchContext.producerId &&
        offsetOf(one) > offsetOf(message),
    );
    const committed = message.batchContext.inTransaction && marker?.key?.readInt16BE(2) === 1;
    return committed ? [{ message, at: offsetOf(marker) }] : [];
  });
  const outside = data.filter(({ batchContext }) => !batchContext.inTransaction).map(offsetOf);
  const found: Read = { counted: [], foreign: outside };
  let current: Producer | undefined;
  for (const { message } of ended.sort((a, b) => a.at - b.at || offsetOf(a.message) - offsetOf(b.message))) {
    const { producerId, producerEpoch } = message.batchContext;
    const sequence = Number(message.headers[SEQUENCE_HEADER]?.toString());
    if (message.headers[TYPE_HEADER] !== undefined) current = { id: producerId, epoch: producerEpoch };
    else if (producerId === current?.id && producerEpoch === current.epoch && sequence === found.counted.length + 1) {
      found.counted.push(`${sequence}@${message.offset}`);
    } else found.foreign.push(offsetOf(message));
  }
  found.foreign.sort((a, b) => a - b);
  return found;
}

// ---- topics by chance

type Step =
  | { do: 'begin a term' | 'zombie' }
  | { do: 'write'; who: 'ours' | 'b' | 'c'; ahead: number; key: boolean }
  | { do: 'seize'; who: 'b' | 'c' }
  | { do: 'outside'; key: boolean }
  | { do: 'end'; who: 'ours' | 'b' | 'c'; how: 'commit' | 'abort' }
  | { do: 'hole'; size: number };

const steps = (mayForgeTerms: boolean): fc.Arbitrary<Step[]> => {
  const who = fc.constantFrom<'ours' | 'b' | 'c'>('ours', 'ours', 'b', 'c');
  const other = fc.constantFrom<'b' | 'c'>('b', 'c');
  const step = fc.oneof(
    { weight: 2, arbitrary: fc.record({ do: fc.constant('begin a term' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('zombie' as const) }) },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('write' as const),
        who,
        ahead: fc.constantFrom(0, 0, 0, 0, 0, 1, -1),
        key: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('outside' as const), key: fc.boolean() }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('end' as const),
        who,
        how: fc.constantFrom<'commit' | 'abort'>('commit', 'commit', 'abort'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('hole' as const), size: fc.integer({ min: 1, max: 5 }) }) },
    ...(mayForgeTerms ? [{ weight: 1, arbitrary: fc.record({ do: fc.constant('seize' as const), who: other }) }] : []),
  );
  return fc.array(step, { minLength: 10, maxLength: 60, size: 'max' });
};

/** Our own writers come one after another, as the transactional id makes them; everybody else does what they like. */
function topicOf(script: readonly Step[]): Topic {
  const topic = new Topic();
  const open = new Set<string>();
  let epoch = 1;
  let begun = 1;
  const producer = (who: string): Producer => ({ id: who, epoch: who === OURS ? epoch : 0 });
  const next = (): number => readPlainly(topic.messages).counted.length + 1;
  topic.term(producer(OURS));
  for (const step of script) {
    if (step.do === 'begin a term') {
      // Kafka ends what the last writer had begun, in its name.
      if (open.has(OURS)) topic.end(producer(OURS), 'abort');
      epoch += 1;
      begun = next();
      topic.write({ producer: producer(OURS), isTerm: true });
      open.add(OURS);
    } else if (step.do === 'zombie' && !open.has(OURS)) {
      // What no broker should let happen: an older epoch writes and commits.
      topic.write({ producer: { id: OURS, epoch: epoch - 1 }, sequence: next() });
      topic.end({ id: OURS, epoch: epoch - 1 }, 'commit');
    } else if (step.do === 'write') {
      if (step.who === OURS && !open.has(OURS)) begun = next();
      const sequence = Math.max(0, (step.who === OURS ? begun : next()) + step.ahead);
      topic.write({ producer: producer(step.who), sequence, ...(step.key && { key: LIKE_A_MARKER }) });
      if (step.who === OURS && step.ahead === 0) begun += 1;
      open.add(step.who);
    } else if (step.do === 'seize') {
      topic.write({ producer: producer(step.who), isTerm: true });
      open.add(step.who);
    } else if (step.do === 'outside') {
      const key = step.key ? { key: LIKE_A_MARKER } : {};
      topic.write({ producer: { id: 'd', epoch: 0 }, sequence: next(), outsideOfTransaction: true, ...key });
    } else if (step.do === 'end' && open.delete(step.who)) {
      topic.end(producer(step.who), step.how);
    } else if (step.do === 'hole') topic.leaveHole(step.size);
  }
  return topic;
}

const RUNS = { numRuns: 500 };

describe('which records count', () => {
  test('property: the same as by a plain reading of the rules', () => {
    let most = 0;
    fc.assert(
      fc.property(steps(true), (script) => {
        const { messages } = topicOf(script);
        const plainly = readPlainly(messages);
        const { counted, foreign } = read(messages);
        expect({ counted, foreign: foreign.sort((a, b) => a - b) }).toEqual(plainly);
        most = Math.max(most, counted.length);
      }),
      RUNS,
    );
    expect(most).toBeGreaterThan(5);
  });

  test('property: however the topic is cut into fetches, and however much of it comes again', () => {
    const cut = fc.record({ size: fc.integer({ min: 1, max: 9 }), again: fc.integer({ min: 0, max: 9 }) });
    fc.assert(
      fc.property(steps(true), fc.array(cut, { minLength: 60, maxLength: 60 }), (script, cuts) => {
        const { messages } = topicOf(script);
        const acceptance = new Acceptance('l');
        const found: Read = { counted: [], foreign: [] };
        let at = 0;
        for (const { size, again } of cuts) {
          const { counted, foreign } = read(messages.slice(Math.max(0, at - again), at + size), acceptance);
          found.counted.push(...counted);
          found.foreign.push(...foreign);
          at += size;
        }
        expect(found).toEqual(read(messages.slice(0, at)));
      }),
      RUNS,
    );
  });

  test('property: reading that begins at a record that counts, or where nothing is open, yields the rest', () => {
    fc.assert(
      fc.property(steps(false), (script) => {
        const { messages } = topicOf(script);
        const all = read(messages).counted;
        for (const [index, one] of all.entries()) {
          const from = messages.findIndex(({ offset }) => offset === one.split('@')[1]);
          const acceptance = Acceptance.at('l', messages[from]!, index + 1);
          expect(read(messages.slice(from), acceptance).counted).toEqual(all.slice(index));
        }
        const first = new Acceptance('l');
        for (const [index, message] of messages.entries()) {
          first.take(message);
          if (first.isAmidst) continue;
          const { counted } = read(messages.slice(index + 1), new Acceptance('l', first.progress));
          expect(counted).toEqual(all.slice(first.progress.sequence));
        }
      }),
      RUNS,
    );
  });
});

describe('what does not count', () => {
  const owner: Producer = { id: OURS, epoch: 1 };
  const forger: Producer = { id: 'forger', epoch: 1 };
  const begun = (): Topic => {
    const topic = new Topic();
    topic.term(owner);
    return topic;
  };
  const reasons = (topic: Topic): string[] => {
    const acceptance = new Acceptance('l');
    return topic.messages.flatMap((message) => acceptance.take(message).foreign.map(({ why }) => why));
  };

  test('a valid-looking record of another producer, with the next sequence', () => {
    const topic = begun();
    topic.write({ producer: owner, sequence: 1 });
    topic.end(owner, 'commit');
    topic.write({ producer: forger, sequence: 2 });
    topic.end(forger, 'commit');
    topic.write({ producer: owner, sequence: 2 });
    topic.end(owner, 'commit');
    expect(read(topic.messages)).toEqual({ counted: ['1@2', '2@6'], foreign: [4] });
    expect(reasons(topic)).toEqual(['its producer does not hold the current term']);
  });

  test('a record of our own with a sequence that is not the next', () => {
    const topic = begun();
    for (const sequence of [2, 1, 1, 2]) topic.write({ producer: owner, sequence });
    topic.end(owner, 'commit');
    expect(read(topic.messages)).toEqual({ counted: ['1@3', '2@5'], foreign: [2, 4] });
    expect(reasons(topic)).toEqual(['its sequence is 2, and 1 is the next', 'its sequence is 1, and 2 is the next']);
  });

  test('a record outside of any transaction, ours included', () => {
    const topic = begun();
    topic.write({ producer: owner, sequence: 1, outsideOfTransaction: true });
    expect(read(topic.messages)).toEqual({ counted: [], foreign: [2] });
    expect(reasons(topic)).toEqual(['it was written outside of any transaction']);
  });

  test('a record before any term', () => {
    const topic = new Topic();
    topic.write({ producer: owner, sequence: 1 });
    topic.end(owner, 'commit');
    topic.term(owner);
    expect(read(topic.messages)).toEqual({ counted: [], foreign: [0] });
  });

  test('a term that was aborted changes nothing', () => {
    const topic = begun();
    topic.write({ producer: forger, isTerm: true });
    topic.end(forger, 'abort');
    topic.write({ producer: owner, sequence: 1 });
    topic.end(owner, 'commit');
    expect(read(topic.messages).counted).toEqual(['1@4']);
  });

  test('data whose key looks like the marker of an abort, or of a commit, ends nothing', () => {
    const topic = begun();
    topic.write({ producer: owner, sequence: 1, key: LIKE_A_MARKER });
    topic.write({ producer: owner, sequence: 2, key: Buffer.from([0, 0, 0, 1]) });
    expect(read(topic.messages)).toEqual({ counted: [], foreign: [] });
    topic.end(owner, 'commit');
    expect(read(topic.messages).counted).toEqual(['1@2', '2@3']);
  });
});

describe('a foreign transaction that never ends', () => {
  test('holds up nothing, and nothing of it is kept', async () => {
    const owner: Producer = { id: OURS, epoch: 1 };
    const topic = new Topic();
    topic.term(owner);
    const acceptance = new Acceptance('l');
    read(topic.messages, acceptance);
    const seen: WeakRef<RawMessage>[] = [];
    for (let index = 0; index < 5_000; index += 1) {
      const message = topic.write({ producer: { id: 'hung', epoch: 0 }, sequence: index });
      acceptance.take(message);
      seen.push(new WeakRef(message));
    }
    topic.messages.length = 0;
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(seen.filter((one) => one.deref() !== undefined).length).toBeLessThan(10);

    topic.write({ producer: owner, sequence: 1 });
    topic.end(owner, 'commit');
    expect(read(topic.messages, acceptance).counted).toEqual(['1@5002']);
    expect(acceptance.isAmidst).toBe(true);
    expect(acceptance.isOwnerAmidst).toBe(false);

    // Committed after all: told, up to a thousand of them.
    topic.end({ id: 'hung', epoch: 0 }, 'commit');
    const { foreign } = read(topic.messages, acceptance);
    expect(foreign).toEqual([...Array(1_000).keys()].map((index) => index + 2));
    expect(acceptance.isAmidst).toBe(false);
  });
});

describe('a record of our own without a sequence', () => {
  const owner: Producer = { id: OURS, epoch: 1 };
  const broken = (): Topic => {
    const topic = new Topic();
    topic.term(owner);
    topic.write({ producer: owner, sequence: 1 });
    topic.write({ producer: owner });
    topic.end(owner, 'commit');
    topic.write({ producer: owner, sequence: 1 });
    topic.end(owner, 'commit');
    return topic;
  };

  test('stops the ledger, and names where', () => {
    expect(() => read(broken().messages)).toThrow(Unreadable);
    expect(() => read(broken().messages)).toThrow(/offset 3 of the ledger l/);
  });

  test('stops whoever tries again, too, and nobody begins behind it', () => {
    const { messages } = broken();
    const acceptance = new Acceptance('l');
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(() => read(messages.slice(attempt), acceptance)).toThrow(Unreadable);
      expect(acceptance.isAmidst).toBe(true);
      expect(acceptance.progress).toEqual({ offset: 4, sequence: 0, producer: owner });
    }
  });

  test('is nobody’s concern where its transaction was aborted', () => {
    const topic = new Topic();
    topic.term(owner);
    topic.write({ producer: owner });
    topic.end(owner, 'abort');
    expect(read(topic.messages)).toEqual({ counted: [], foreign: [] });
  });
});
