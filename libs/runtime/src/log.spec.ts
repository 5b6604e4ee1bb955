import { expect, test } from '@jest/globals';
import { createLog, type LogFormat } from './log.js';

const lines: string[] = [];
const logIn = (format: LogFormat) =>
  createLog({ process: 'recorder', format, now: () => new Date('2026-11-25T04:00:00Z') }, (line) => lines.push(line));

test('JSON is one object a line, with time, level, process and what it is about', () => {
  lines.length = 0;
  const log = logIn('json');
  log('Two\nlines "quoted"');
  log('Broken.', { level: 'error', ledger: 'syria', requestId: 'r1', stack: 'Error: x\n    at y' });
  expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { time: '2026-11-25T04:00:00.000Z', level: 'info', process: 'recorder', message: 'Two\nlines "quoted"' },
    {
      time: '2026-11-25T04:00:00.000Z',
      level: 'error',
      process: 'recorder',
      message: 'Broken.',
      ledger: 'syria',
      requestId: 'r1',
      stack: 'Error: x\n    at y',
    },
  ]);
});

test('text is for a person: no line for each write', () => {
  lines.length = 0;
  const log = logIn('text');
  log('Waiting for Kafka.', { ledger: 'syria' });
  log('POST', { access: { method: 'POST', route: '/x', status: 201, ms: 1 } });
  log('Broken.', { level: 'error', stack: 'Error: x' });
  expect(lines).toEqual([
    '2026-11-25T04:00:00.000Z Waiting for Kafka.\n',
    '2026-11-25T04:00:00.000Z Broken.\nError: x\n',
  ]);
});
