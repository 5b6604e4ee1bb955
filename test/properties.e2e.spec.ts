/**
 * Random histories of commands, sent through the public door, each twice, and all of it again at once: whatever they are,
 * the second time adds nothing, and the door decides what the rules decide.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ProblemBody, RecordsAnswer, WriteAnswer } from '#contracts';
import type { Command } from '#domain';
import { factsOf, histories, type Answer, type LedgerClient } from '#testing';
import { bodyOf } from './body-of.js';
import { startApp, type RunningApp } from './running-app.js';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app?.stop());

const outcome = ({ status, body }: Answer<WriteAnswer | ProblemBody>) => ({ status, body });

describe('random histories', () => {
  test('sent twice add nothing the second time, and make the records that the rules make', async () => {
    let ledgers = 0;
    await fc.assert(
      fc.asyncProperty(histories, async (commands) => {
        const ledger = await app.client(`history-${(ledgers += 1)}`);
        const send = (command: Command, index: number): Promise<Answer<WriteAnswer | ProblemBody>> =>
          ledger.send<WriteAnswer | ProblemBody>(command.act, bodyOf(command), {
            commandKey: `command-${index}`,
            ...('id' in command && { id: command.id }),
          });
        const accepted: [command: Command, index: number, outcome: object][] = [];
        for (const [index, command] of commands.entries()) {
          const first = outcome(await send(command, index));
          // Nothing came between, so a refusal is repeated like an outcome.
          expect(outcome(await send(command, index))).toEqual(first);
          if (first.status < 300 && !('unchanged' in first.body)) accepted.push([command, index, first]);
        }
        const facts = factsOf(commands);
        expect(accepted).toHaveLength(facts.length);
        expect(await dataOf(ledger, facts.length)).toEqual(facts.map(({ data }) => data));

        // Later, in another order and all at once.
        const again = await Promise.all(accepted.toReversed().map(([command, index]) => send(command, index)));
        expect(again.map(outcome)).toEqual(accepted.toReversed().map(([, , first]) => first));
        const next = await ledger.record('register-actor', { kind: 'media', names: [{ text: 'The next record' }] });
        expect(next.position).toBe(facts.length + 1);
      }),
      { numRuns: 10 },
    );
  }, 60_000);
});

/** What the records of a ledger say, once it has so many. */
async function dataOf(ledger: LedgerClient, count: number): Promise<unknown[]> {
  const { items } = await ledger.read<RecordsAnswer>(`/records?limit=500&wait=${count}`);
  return items.map(({ event }) => (event as { data: unknown }).data);
}
