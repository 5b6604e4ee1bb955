/** Suites that need a Kafka: run where there is one, and where there is none skipped so that it is seen. */
import { describe } from '@jest/globals';
import { hasKafka, hasTemporaryKafka, noteSkipped } from './kafka.js';

/** A suite on `sharedKafka()`. */
export function describeWithKafka(name: string, suite: () => void): void {
  describeIf(hasKafka(), name, suite);
}

/** A suite on `startTemporaryKafka()`. */
export function describeWithTemporaryKafka(name: string, suite: () => void): void {
  describeIf(hasTemporaryKafka(), name, suite);
}

function describeIf(possible: boolean, name: string, suite: () => void): void {
  const act = possible ? describe : describe.skip;
  act(name, suite);
  if (!possible) noteSkipped(name);
}
