/** What is shown of an import's progress: a bar that is drawn over itself on a terminal, plain lines elsewhere. */
import { expect, jest, test } from '@jest/globals';
import { Progress } from './progress.js';

/** What was written within ten seconds, a row every 50 ms. */
function shown(isTTY: boolean | undefined): string[] {
  const written: string[] = [];
  jest.useFakeTimers({ now: 0 });
  try {
    const progress = new Progress({ write: (text) => written.push(text), isTTY });
    for (let row = 1; row <= 200; row += 1) {
      jest.advanceTimersByTime(50);
      progress.rows(row * 100, row > 100 ? 2 : 0, row / 400);
    }
    progress.tell('Done.');
  } finally {
    jest.useRealTimers();
  }
  return written;
}

test('a terminal: a bar with rate and time left, drawn anew ten times a second, gone before a line that stays', () => {
  const written = shown(true);
  expect(written).toContain('[############............] 50 %  20,000 rows, 2,000/s, 10 s left, 2 rejected');
  expect(written.filter((text) => text.startsWith('['))).toHaveLength(100);
  expect(written.slice(-2)).toEqual(['\r\u001B[K', 'Done.\n']);
});

test.each([false, undefined])(
  'no terminal (%s): a line every five seconds, without letters that move the cursor',
  (isTTY) => {
    expect(shown(isTTY)).toEqual([
      '25 %  10,000 rows, 2,000/s, 15 s left\n',
      '50 %  20,000 rows, 2,000/s, 10 s left, 2 rejected\n',
      'Done.\n',
    ]);
  },
);
