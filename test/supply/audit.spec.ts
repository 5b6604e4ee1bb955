import { expect, test } from '@jest/globals';
import { readReport, unaccepted, type Advisory } from './audit.js';

const via = (id: string, severity: string) => ({
  source: 1,
  name: 'made-up',
  title: 'Made up',
  url: `https://github.com/advisories/${id}`,
  severity,
});

test('a service that does not answer is told, whatever it says instead', () => {
  expect(readReport('{"message":"405 Method Not Allowed","method":"POST"}')).toEqual({
    silent: '405 Method Not Allowed',
  });
  expect(readReport('{"error":{"code":"ENOAUDIT","summary":"no audit"}}')).toEqual({ silent: 'no audit' });
  expect(readReport('')).toEqual({ silent: 'npm printed no JSON, but nothing' });
  expect(readReport('<html>')).toEqual({ silent: 'npm printed no JSON, but "<html>"' });
});

test('each advisory is told once, by the package that it is about', () => {
  const report = readReport(
    JSON.stringify({
      auditReportVersion: 2,
      vulnerabilities: {
        'made-up': { via: [via('GHSA-aaaa-bbbb-cccc', 'high'), via('GHSA-dddd-eeee-ffff', 'low')] },
        'depends-on-it': { via: ['made-up'] },
      },
    }),
  );
  expect(report).toEqual({
    advisories: [
      { id: 'GHSA-aaaa-bbbb-cccc', severity: 'high', package: 'made-up', title: 'Made up' },
      { id: 'GHSA-dddd-eeee-ffff', severity: 'low', package: 'made-up', title: 'Made up' },
    ],
  });
  expect(readReport('{"vulnerabilities":{}}')).toEqual({ advisories: [] });
});

test('what is accepted is so until its day; what is minor is told only', () => {
  const advisory = (id: string, severity: string): Advisory => ({ id, severity, package: 'p', title: 't' });
  const advisories = [
    advisory('a', 'moderate'),
    advisory('b', 'critical'),
    advisory('c', 'low'),
    advisory('d', 'high'),
  ];
  const accepted = { a: { why: 'w', until: '2026-12-31' }, b: { why: 'w', until: '2026-11-24' } };
  expect(unaccepted(advisories, accepted, '2026-11-25').map(({ id }) => id)).toEqual(['b', 'd']);
  expect(unaccepted(advisories, accepted, '2027-01-01').map(({ id }) => id)).toEqual(['a', 'b', 'd']);
});
