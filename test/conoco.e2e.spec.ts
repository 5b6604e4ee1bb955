/**
 * The case that the ledger was made for: one newspaper report, recorded through the public API and asked about over HTTP,
 * each question that the report answers or leaves open. A number is asked with its policy, and leads to its source.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type {
  EntitiesAnswer,
  EntityAnswer,
  IncidentAnswer,
  LedgerDto,
  RecordsAnswer,
  StatementAnswer,
  TalliesAnswer,
} from '#contracts';
import { POLICY_VERSIONS, type Claim, type PolicyName } from '#domain';
import type { LedgerClient } from '#testing';
import { explained, type Explained, type ShownClaim } from './explained.js';
import { recordLines, startApp, type RunningApp } from './running-app.js';

const POLICIES = Object.keys(POLICY_VERSIONS) as PolicyName[];
const ON_US = 'side=target&of.party=us';
const BY_US = 'side=attacker&of.party=us';
const CONOCO = 'conoco-2023-04-10';
const HASAKAH = 'hasakah-drone-2023-03';

type Row = TalliesAnswer['rows'][number];

let app: RunningApp;
let ledger: LedgerClient;
let end: number;

beforeAll(async () => {
  app = await startApp();
  ({ client: ledger, end } = await app.openExample('syria'));
  await ledger.read(`/incidents?wait=${end}`);
});
afterAll(() => app?.stop());

/** A tally; whatever it says leads to its source, and it says what it rests on. */
async function tally(query: string, policy: PolicyName = 'official-first', of = ledger): Promise<Explained> {
  const answer = await explained(of, `policy=${policy}&${query}`);
  expect(answer).toMatchObject({ ledger: of.ledger, policy: `${policy}@${POLICY_VERSIONS[policy]}`, final: true });
  const shown = new Set(answer.claims.map(({ id }) => id));
  for (const { used, setAside } of [...answer.figures, ...answer.levels.map(({ figure }) => figure)]) {
    for (const id of [...used, ...setAside.map(({ claim }) => claim)]) expect(shown).toContain(id);
  }
  for (const claim of [...answer.claims, ...answer.beside]) await expectTraced(claim, of);
  return answer;
}

/** The one row of a measure. */
async function row(query: string, policy: PolicyName = 'official-first', of = ledger): Promise<Row> {
  const { rows } = await tally(query, policy, of);
  expect(rows).toHaveLength(1);
  return rows[0] as Row;
}

/** A claim leads to its statement, that to its speaker, quote and document, and all of it stands in one record. */
async function expectTraced(claim: ShownClaim, of = ledger): Promise<void> {
  const statement = await of.read<StatementAnswer>(`/statements/${claim.statement}`);
  expect(statement.claims).toContainEqual(claim);
  const body = statement.entity.body as { speaker: string; quote: { text: string } };
  expect(claim).toMatchObject({
    speaker: { id: body.speaker, name: expect.stringMatching(/./) },
    quote: { text: expect.stringMatching(/\w+ \w+/) },
    document: { title: expect.stringMatching(/\w+ \w+/), publisher: { name: expect.stringMatching(/./) } },
  });
  expect(claim.quote).toEqual(body.quote);
  const document = await of.read<EntityAnswer>(`/documents/${claim.document.id}`);
  expect(document.entity.body).toMatchObject({ title: claim.document.title, publisher: claim.document.publisher.id });
  const { event } = (await of.read<RecordsAnswer>(`/records?entity=${claim.statement}`)).items[0] ?? {};
  expect(event).toMatchObject({ data: { statement: { claims: expect.arrayContaining([claim.claim]) } } });
}

/** Everything said about an incident with one predicate, and the questions that it answers. */
async function said(incident: string, predicate: string): Promise<{ claims: ShownClaim[]; answers: unknown[] }> {
  const page = await ledger.read<IncidentAnswer>(`/incidents/${incident}`);
  const claims = page.claims.filter((one) => one.predicate === predicate).flatMap(({ lines }) => lines);
  return {
    claims: claims.flatMap((one) => one.claims),
    answers: page.answers.filter(({ question }) => question.predicate === predicate),
  };
}

const triple = (low: number | null, best: number | null, high: number | null) => ({ low, best, high });

describe('attacks on US and coalition forces in Syria', () => {
  test.each(['official-first', 'best-graded', 'envelope'] as const)('are 2 under %s', async (policy) => {
    const found = await row(`of=attacks&${ON_US}&place=syria`, policy);
    expect(found).toMatchObject({ ...triple(2, 2, 2), incidents: 2, unreported: 0, official: 1, other: 1 });
  });

  test('are 1 under latest-official, and 1 that no official states', async () => {
    const found = await row(`of=attacks&${ON_US}&place=syria`, 'latest-official');
    expect(found).toMatchObject({ ...triple(1, 1, 1), incidents: 2, unreported: 1, official: 1, other: 0 });
  });

  test('are the same when asked for beside other measures', async () => {
    const { rows } = await tally(`of=attacks,killed,injured&${ON_US}`);
    expect(rows.map(({ measure, best }) => [measure, best])).toEqual([
      ['attacks', 2],
      ['killed', 1],
      ['injured', 0],
    ]);
  });

  test('have beside them, never added, what somebody says of others', async () => {
    const { beside } = await tally(`of=attacks&${ON_US}&place=syria`);
    expect(beside.map(({ claim }) => claim)).toMatchObject([
      { words: 'sparking more retaliation', value: triple(1, null, null) },
      { words: 'often attacks members of the SDF', value: triple(2, null, null) },
    ]);
    const [retaliation, onSdf] = beside.map(({ claim }) => (claim.about as { scope: object }).scope);
    expect(retaliation).not.toHaveProperty('target');
    expect(retaliation).not.toHaveProperty('attacker');
    expect(onSdf).toMatchObject({ attacker: 'isis', target: 'sdf' });
  });
});

describe('US strikes', () => {
  test.each(['official-first', 'best-graded', 'envelope'] as const)('are at least 3 under %s', async (policy) => {
    const found = await row(`of=attacks&${BY_US}`, policy);
    expect(found).toMatchObject({ ...triple(3, 3, null), incidents: 2, floors: 1, unreported: 0 });
  });

  test('are stated by no official', async () => {
    const found = await row(`of=attacks&${BY_US}`, 'latest-official');
    expect(found).toMatchObject({ ...triple(0, 0, 0), incidents: 2, unreported: 2 });
  });

  test('are 2 incidents, one of them a bundle', async () => {
    const { items } = await ledger.read<EntitiesAnswer>(`/incidents?${BY_US}`);
    expect(items.map(({ id, body }) => [id, (body as { kind: string }).kind])).toEqual([
      ['deir-ezzor-strikes-2023', 'bundle'],
      ['isis-leader-strike-2023-04', 'single'],
    ]);
  });
});

describe('injured and killed', () => {
  const OF_CENTCOM = {
    speaker: { id: 'centcom', name: 'US Central Command' },
    document: { title: 'Failed rocket attack on US coalition forces in Syria' },
    quote: { text: expect.stringContaining('One rocket struck in the vicinity of the coalition outpost') },
  };

  test.each(POLICIES)('rocket attack, injured: none, says Centcom, under %s', async (policy) => {
    for (const people of ['', '&side=target', '&side=bystander', `&${ON_US}`]) {
      const { figures, claims } = await tally(`of=injured&incident=${CONOCO}${people}`, policy);
      expect(figures.length).toBeGreaterThan(0);
      for (const figure of figures) {
        expect(figure).toMatchObject({ ...triple(0, 0, 0), status: 'affirmed-none', contested: false });
      }
      expect(claims).toMatchObject([
        { claim: { predicate: 'injured', words: 'no injuries or damage' }, ...OF_CENTCOM },
      ]);
      expect(claims[0]?.claim).not.toHaveProperty('basis');
    }
  });

  test.each(POLICIES)('rocket attack, killed: none, entailed by "no injuries", under %s', async (policy) => {
    const { figures, claims } = await tally(`of=killed&incident=${CONOCO}&side=target`, policy);
    expect(figures).toMatchObject([{ ...triple(0, 0, 0), status: 'affirmed-none', basis: 'official' }]);
    const claim = { predicate: 'killed', words: 'no injuries or damage', basis: 'entailed' };
    expect(claims).toMatchObject([{ claim, ...OF_CENTCOM }]);
  });

  test.each(POLICIES)('drone attack, injured: nobody says, which is not zero, under %s', async (policy) => {
    const { rows, figures, claims } = await tally(`of=injured&incident=${HASAKAH}&side=target`, policy);
    expect(rows).toMatchObject([{ incidents: 1, unreported: 1, affirmedNone: 0, official: 0, other: 0 }]);
    expect({ figures, claims }).toEqual({ figures: [], claims: [] });
    expect(await said(HASAKAH, 'injured')).toEqual({ claims: [], answers: [] });
  });

  test('drone attack, killed: 1 contractor, says the paper in its own voice', async () => {
    for (const policy of ['official-first', 'best-graded', 'envelope'] as const) {
      const { figures, claims } = await tally(`of=killed&incident=${HASAKAH}&${ON_US}`, policy);
      expect(figures).toMatchObject([{ ...triple(1, 1, 1), status: 'reported', basis: 'other' }]);
      expect(claims).toMatchObject([
        { form: 'own-voice', speaker: { id: 'the-national' }, claim: { who: { category: 'contractor' } } },
      ]);
    }
  });

  test('drone attack, killed: unreported by officials, 1 other claim', async () => {
    const { rows, figures } = await tally(`of=killed&incident=${HASAKAH}&${ON_US}`, 'latest-official');
    expect(rows).toMatchObject([{ incidents: 1, unreported: 1 }]);
    expect(figures).toMatchObject([
      {
        ...triple(null, null, null),
        status: 'unreported',
        others: 1,
        setAside: [{ claim: 'national-on-the-drone-attack#2', code: 'not-official' }],
      },
    ]);
  });

  test('strike on the ISIS leader, killed: 1, named, a militant; of others nothing is said', async () => {
    const { figures, claims } = await tally('of=killed&incident=isis-leader-strike-2023-04&side=target');
    expect(figures).toMatchObject([{ ...triple(1, 1, 1), status: 'reported', basis: 'other' }]);
    expect(claims.map(({ claim }) => claim)).toMatchObject([
      {
        who: { side: 'target', category: 'militant', of: 'isis' },
        words: 'killed senior ISIS leader Khalid Aydd Ahmad Al Jabouri',
      },
    ]);
    const found = await said('isis-leader-strike-2023-04', 'killed');
    expect(found.claims).toHaveLength(1);
    const { rows } = await tally('of=injured&incident=isis-leader-strike-2023-04&side=target');
    expect(rows).toMatchObject([{ incidents: 1, unreported: 1, affirmedNone: 0 }]);
    expect(await said('isis-leader-strike-2023-04', 'injured')).toEqual({ claims: [], answers: [] });
  });

  test('killed in all of Syria, each on the side it was on, and all of them', async () => {
    const { rows } = await tally('of=killed&place=syria');
    expect(
      rows.map(({ side, low, best, high, incidents, unreported }) => ({
        side,
        low,
        best,
        high,
        incidents,
        unreported,
      })),
    ).toEqual([
      { side: 'all', ...triple(2, 2, 2), incidents: 4, unreported: 1 },
      // "No injuries", says Centcom of one attack: of whomever.
      { side: 'attacker', ...triple(0, 0, 0), incidents: 1, unreported: 0 },
      { side: 'bystander', ...triple(0, 0, 0), incidents: 1, unreported: 0 },
      { side: 'target', ...triple(2, 2, 2), incidents: 3, unreported: 0 },
    ]);
  });

  test('summed over both attacks, with what is affirmed and what nobody says beside the number', async () => {
    expect(await row(`of=killed&${ON_US}`)).toMatchObject({
      ...triple(1, 1, 1),
      incidents: 2,
      affirmedNone: 1,
      unreported: 0,
    });
    expect(await row(`of=injured&${ON_US}`)).toMatchObject({
      ...triple(0, 0, 0),
      incidents: 2,
      affirmedNone: 1,
      unreported: 1,
    });
  });
});

test('what was read is a copy, and what the paper says in it is still the paper’s', async () => {
  const { entity } = await ledger.read<EntityAnswer>('/documents/national-conoco-copy');
  expect(entity.body).toMatchObject({
    publisher: 'unknown-republisher',
    copyOf: 'national-conoco-report',
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    published: { from: '2023-04-11', to: '2023-04-11', assumed: true },
  });
  const { claims } = await said(HASAKAH, 'killed');
  expect(claims).toMatchObject([{ line: 'the-national', document: { id: 'national-conoco-copy' } }]);
});

describe('of the rocket attack', () => {
  test('outcome: ineffective, says Centcom', async () => {
    const { answers } = await said(CONOCO, 'outcome');
    expect(answers).toMatchObject([{ positions: [{ line: 'us', value: { outcome: 'ineffective' } }] }]);
  });

  test('damage: none, says Centcom', async () => {
    const { claims, answers } = await said(CONOCO, 'damage');
    expect(claims).toMatchObject([{ speaker: { id: 'centcom' }, claim: { value: { level: 'none', items: [] } } }]);
    expect(answers).toMatchObject([{ positions: [{ line: 'us', value: { level: 'none' } }] }]);
    for (const claim of claims) await expectTraced(claim);
  });

  test('rockets: 1 fired, which fell nearby; beside it 1 at the point of origin, not said to have been fired', async () => {
    const { claims, answers } = await said(CONOCO, 'munitions');
    expect(answers).toMatchObject([
      { question: { key: 'rocket' }, figure: { ...triple(1, 1, 1), status: 'reported' } },
    ]);
    expect(claims.map(({ claim }) => claim.value)).toEqual([
      { munition: 'rocket', ...triple(1, 1, 1), of: { 'fell-nearby': 1 }, atOrigin: 1 },
    ]);
    for (const claim of claims) await expectTraced(claim);
  });

  test('who did it: nobody says', async () => {
    expect(await said(CONOCO, 'responsibility')).toEqual({ claims: [], answers: [] });
  });

  const relations = async (stance: Claim['stance']) => {
    const { claims, answers } = await said(CONOCO, 'relation');
    for (const claim of claims) await expectTraced(claim);
    return { answers, claims: claims.filter(({ claim }) => claim.stance === stance) };
  };

  test('linked to the escalation with Iran? Buccino did not confirm, which is neither yes nor no', async () => {
    const { claims } = await relations('not-confirms');
    expect(claims).toMatchObject([
      {
        speaker: { id: 'col-buccino' },
        onBehalfOf: { id: 'centcom' },
        form: 'reported',
        quote: { text: expect.stringContaining('did not confirm') },
        claim: { manner: 'did-not', value: { kind: 'linked-to', to: { text: 'the escalation with Iran' } } },
      },
    ]);
  });

  test('retaliation for, or tied to, the strike on the ISIS leader? Two doubts, with the quote', async () => {
    const { claims } = await relations('doubts');
    const to = { incident: 'isis-leader-strike-2023-04' };
    expect(claims.map(({ claim }) => claim.value)).toEqual([
      { kind: 'retaliation-for', to },
      { kind: 'linked-to', to },
    ]);
    for (const { speaker, quote } of claims) {
      expect(speaker.name).toBe('Col Joe Buccino');
      expect(quote).toMatchObject({ text: expect.stringContaining('is a retaliation for the ISIS leader or that') });
    }
  });

  test('no line has a position on any relation: to doubt or not to confirm asserts nothing', async () => {
    const { answers } = await relations('asserts');
    expect(answers).toHaveLength(3);
    for (const answer of answers) expect(answer).toMatchObject({ positions: [], contested: false });
  });
});

test('the Deir Ezzor strikes were retaliation for the drone attack, the paper asserts', async () => {
  const { claims, answers } = await said('deir-ezzor-strikes-2023', 'relation');
  expect(claims).toMatchObject([
    {
      form: 'own-voice',
      speaker: { id: 'the-national' },
      claim: { stance: 'asserts', value: { kind: 'retaliation-for', to: { incident: HASAKAH } } },
    },
  ]);
  expect(answers).toMatchObject([{ positions: [{ line: 'the-national' }] }]);
  for (const claim of claims) await expectTraced(claim);
});

describe('the level of US forces in Syria', () => {
  const level = async (policy: PolicyName) => {
    const { levels, claims } = await tally('of=force-level&of.party=us&place=syria', policy);
    expect(levels).toMatchObject([
      { actor: { name: 'United States' }, places: [{ name: 'Syria' }], measure: 'present', component: 'all' },
    ]);
    return { level: levels[0], claims };
  };

  test.each(['official-first', 'best-graded', 'envelope'] as const)('is about 900 under %s', async (policy) => {
    const { level: found, claims } = await level(policy);
    expect(found).toMatchObject({
      at: { to: '2023-04-11' },
      figure: { ...triple(900, 900, 900), about: true, status: 'reported', basis: 'other' },
    });
    expect(claims).toMatchObject([
      { claim: { value: { ...triple(1, null, null), at: { from: '2015-01-01' } } } },
      { speaker: { id: 'the-national' }, form: 'own-voice', claim: { words: expect.stringContaining('about 900') } },
    ]);
  });

  test('is unreported by officials', async () => {
    expect((await level('latest-official')).level).toMatchObject({ at: null, figure: { status: 'unreported' } });
  });
});

test('the outlook is Kurilla’s, before a committee, with its condition', async () => {
  const { items } = await ledger.read<EntitiesAnswer>('/statements?speaker=gen-kurilla');
  expect(items).toHaveLength(1);
  const { entity, claims } = await ledger.read<StatementAnswer>(`/statements/${items[0]?.id}`);
  expect(entity.body).toMatchObject({
    venue: 'House armed services committee',
    said: { from: '2023-03-01', to: '2023-03-31' },
  });
  expect(claims).toMatchObject([
    {
      speaker: { name: 'Gen Michael Kurilla' },
      claim: {
        stance: 'predicts',
        value: {
          text: 'ISIS returns to power',
          within: { low: 1, high: 2, unit: 'year' },
          if: expect.stringContaining('the US withdraws'),
        },
      },
    },
  ]);
  for (const claim of claims) await expectTraced(claim);
});

describe('two days later an unnamed official speaks of two injured', () => {
  const INJURED = `of=injured&incident=${CONOCO}&${ON_US}`;
  const BOTH = ['centcom-on-conoco#2', 'unnamed-official-on-conoco#1'];
  const QUESTIONS = [
    ...POLICIES.flatMap((policy) => [
      `/tallies/explain?policy=${policy}&${INJURED}`,
      `/tallies?policy=${policy}&of=attacks,killed,injured,force-level`,
      `/tallies/explain?policy=${policy}&of=attacks,killed,injured,force-level`,
      `/incidents/${CONOCO}?policy=${policy}`,
      `/incidents/${CONOCO}/explain?policy=${policy}`,
    ]),
    ...['actors', 'documents', 'statements', 'incidents', 'records'].map((list) => `/${list}?limit=500`),
  ];

  let later: LedgerClient;
  let seedEnd: number;
  const before = new Map<string, unknown>();

  beforeAll(async () => {
    ({ client: later, end: seedEnd } = await app.openExample('syria-later'));
    await later.read(`/incidents?wait=${seedEnd}`);
    for (const question of QUESTIONS) before.set(question, await later.read(question));

    const position = await recordLines(later, 'conoco-later.ndjson');
    await later.read(`/incidents?wait=${position}`);
  });

  test.each(['latest-official', 'official-first'] as const)('%s: still none, and contested', async (policy) => {
    const { figures, claims } = await tally(INJURED, policy, later);
    expect(figures).toMatchObject([
      {
        ...triple(0, 0, 0),
        status: 'affirmed-none',
        contested: true,
        used: [BOTH[0]],
        setAside: [{ claim: BOTH[1], code: 'not-official' }],
      },
    ]);
    expect(claims.map(({ id }) => id)).toEqual(BOTH);
    expect(await row(INJURED, policy, later)).toMatchObject({ contested: 1, affirmedNone: 1 });
  });

  test.each(['envelope', 'best-graded'] as const)('%s: 0 to 2, reported, and contested', async (policy) => {
    const { figures, claims } = await tally(INJURED, policy, later);
    expect(figures).toMatchObject([{ ...triple(0, null, 2), status: 'reported', contested: true, used: BOTH }]);
    expect(claims.map(({ id }) => id)).toEqual(BOTH);
  });

  test('both are listed on the page of the incident, each under its own line', async () => {
    const page = await later.read<IncidentAnswer>(`/incidents/${CONOCO}`);
    const lines = page.claims.find(({ predicate }) => predicate === 'injured')?.lines ?? [];
    expect(lines.map(({ line, claims }) => [line, claims.map(({ id }) => id)])).toEqual([
      ['us', [BOTH[0]]],
      ['unnamed@made-up-gazette', [BOTH[1]]],
    ]);
  });

  test('summed over both attacks, envelope: 0 to 2, 1 contested, 1 that nobody speaks of', async () => {
    const found = await row(`of=injured&${ON_US}`, 'envelope', later);
    expect(found).toMatchObject({ ...triple(0, 0, 2), contested: 1, unreported: 1, affirmedNone: 0 });
  });

  test('other figures stay', async () => {
    expect(await row(`of=attacks&${ON_US}`, 'official-first', later)).toMatchObject(triple(2, 2, 2));
    expect(await row(`of=killed&${ON_US}`, 'official-first', later)).toMatchObject({
      ...triple(1, 1, 1),
      contested: 0,
    });
  });

  test.each(QUESTIONS)(
    'as of the end of the first report, word for word as it was answered then: %s',
    async (question) => {
      expect(await later.read(`${question}&asOf=${seedEnd}`)).toEqual(before.get(question));
    },
  );

  describe('then its publisher withdraws the document', () => {
    const DOCUMENT = 'made-up-gazette-2023-04-13';
    let saidEnd: number;
    let withdrawn: number;
    const whileSaid = new Map<string, unknown>();

    beforeAll(async () => {
      saidEnd = (await later.read<LedgerDto>('')).sequence;
      for (const question of QUESTIONS) whileSaid.set(question, await later.read(question));
      const answer = await later.record(
        'withdraw-document',
        { reason: 'Made up for a test: the Gazette took its report back.' },
        { id: DOCUMENT, ifMatch: '"1"' },
      );
      withdrawn = answer.position;
      await later.read(`/incidents?wait=${withdrawn}`);
    });

    test.each(POLICIES)('%s: back at the first answer, not contested, and why is told', async (policy) => {
      const { figures } = await tally(INJURED, policy, later);
      expect(figures).toMatchObject([
        {
          ...triple(0, 0, 0),
          status: 'affirmed-none',
          contested: false,
          used: [BOTH[0]],
          setAside: [{ claim: BOTH[1], code: 'document-withdrawn' }],
        },
      ]);
      const of = `of=attacks,killed,injured&${ON_US}`;
      const { rows } = await tally(of, policy, later);
      const seed = await later.read<{ rows: unknown }>(`/tallies?policy=${policy}&${of}&asOf=${seedEnd}`);
      expect(rows).toEqual(seed.rows);
    });

    test('the document, its reason and its claim stay to be seen', async () => {
      const { entity } = await later.read<EntityAnswer>(`/documents/${DOCUMENT}`);
      expect(entity).toMatchObject({
        version: 2,
        status: 'withdrawn',
        reason: expect.stringContaining('took its report'),
      });
      const page = await later.read<IncidentAnswer>(`/incidents/${CONOCO}`);
      const lines = page.claims.find(({ predicate }) => predicate === 'injured')?.lines ?? [];
      expect(lines.flatMap(({ claims }) => claims.map(({ id }) => id))).toEqual(BOTH);
      const { items } = await later.read<RecordsAnswer>(`/records?entity=${DOCUMENT}`);
      expect(items.map(({ event }) => (event as { type: string }).type)).toEqual([
        'incident-ledger.DocumentRegistered.v1',
        'incident-ledger.DocumentWithdrawn.v1',
      ]);
    });

    test.each(QUESTIONS)('as of the moment before, as it was answered then: %s', async (question) => {
      expect(await later.read(`${question}&asOf=${saidEnd}`)).toEqual(whileSaid.get(question));
    });

    test('taken back, it counts again: contested as before', async () => {
      const answer = await later.record(
        'withdraw-document',
        { reason: 'Made up for a test: it was another report.', takesBack: 2 },
        { id: DOCUMENT, ifMatch: '"2"' },
      );
      await later.read(`/incidents?wait=${answer.position}`);
      const { figures } = await tally(INJURED, 'envelope', later);
      expect(figures).toMatchObject([{ ...triple(0, null, 2), contested: true, used: BOTH }]);
      expect((await later.read<EntityAnswer>(`/documents/${DOCUMENT}`)).entity).toMatchObject({
        version: 3,
        status: 'live',
        reason: null,
      });
    });
  });
});

describe('UPI gives another number as Centcom’s words', () => {
  const ROCKETS = 'upi-on-conoco#1';
  let upi: LedgerClient;
  let before: number;

  beforeAll(async () => {
    ({ client: upi, end: before } = await app.openExample('syria-upi'));
    await upi.record('register-actor', { id: 'upi', kind: 'media', names: [{ text: 'UPI' }] });
    const day = { from: '2023-04-10', to: '2023-04-10', precision: 'day' };
    await upi.record('register-document', {
      id: 'upi-report',
      publisher: 'upi',
      kind: 'citation',
      title: 'UPI on the rocket attack',
      published: day,
    });
    const claim = { about: { incident: CONOCO }, stance: 'asserts' };
    const at = '2023-04-10T09:00';
    const { position } = await upi.record('record-statement', {
      id: 'upi-on-conoco',
      document: 'upi-report',
      speaker: 'centcom',
      form: 'reported',
      utterance: 'centcom-on-conoco',
      claims: [
        { ...claim, predicate: 'munitions', value: { munition: 'rocket', ...triple(2, 2, 2), atOrigin: 1 } },
        {
          ...claim,
          predicate: 'time',
          value: { from: at, to: at, zone: 'Asia/Damascus', precision: 'hour' },
          words: 'at about 9 a.m.',
        },
      ],
    });
    await upi.read(`/incidents?wait=${position}`);
  });

  const rocketsOf = async (when = '') => {
    const { answers } = await upi.read<IncidentAnswer>(`/incidents/${CONOCO}?policy=envelope${when}`);
    return answers.find(({ question }) => question.predicate === 'munitions');
  };

  test('recorded as the same utterance it is another reading, and the figure stays 1', async () => {
    expect(await rocketsOf()).toMatchObject({
      contested: false,
      figure: {
        ...triple(1, 1, 1),
        used: ['centcom-on-conoco#5'],
        flags: ['readings-differ'],
        setAside: [{ claim: ROCKETS, code: 'other-reading' }],
      },
    });
    expect(await rocketsOf(`&asOf=${before}`)).toMatchObject({
      figure: { ...triple(1, 1, 1), flags: [], setAside: [] },
    });
  });

  test('the other number is there to be read, with whom it is from', async () => {
    const { entity, claims } = await upi.read<StatementAnswer>('/statements/upi-on-conoco');
    expect(entity.body).toMatchObject({ utterance: 'centcom-on-conoco', speaker: 'centcom', form: 'reported' });
    expect(claims).toMatchObject([
      { line: 'us', document: { publisher: { id: 'upi' } }, claim: { value: { ...triple(2, 2, 2), atOrigin: 1 } } },
      { claim: { predicate: 'time', value: { from: '2023-04-10T09:00' } } },
    ]);
  });

  test('in another zone a clock time moves, and what was said only to the day stays and is counted', async () => {
    const at = '2023-04-10T09:00';
    const time = { from: at, to: at, zone: 'Asia/Damascus', precision: 'hour' };
    const parties = [{ actor: 'us', side: 'target' }];
    const card = { id: 'made-up-morning', kind: 'single', method: 'rocket', parties, time };
    const { position } = await upi.record('record-incident', card);
    const days = async (query: string, to = '2023-04-10') => {
      const answer = await upi.read<TalliesAnswer>(
        `/tallies?of=attacks&${ON_US}&from=2023-04-09&to=${to}&bucket=day&wait=${position}${query}`,
      );
      const rows = answer.rows.map(({ bucket, incidents }) => [bucket, incidents]);
      return { rows, zone: answer.zone, localDateOnly: answer.localDateOnly, overlapping: answer.overlapping };
    };
    const own = { rows: [['2023-04-10', 2]], zone: null, localDateOnly: null, overlapping: 0 };
    expect(await days('')).toEqual(own);
    // 9 in Damascus was 6 in UTC and 23 of the evening before in Los Angeles.
    expect(await days('&zone=UTC')).toEqual({ ...own, zone: 'UTC', localDateOnly: 1 });
    expect(await days('&zone=America/Los_Angeles')).toEqual({
      rows: [
        ['2023-04-09', 1],
        ['2023-04-10', 1],
      ],
      zone: 'America/Los_Angeles',
      localDateOnly: 1,
      overlapping: 0,
    });
    expect(await days('', '2023-04-09')).toMatchObject({ rows: [] });
    expect(await days('&zone=America/Los_Angeles', '2023-04-09')).toMatchObject({
      rows: [['2023-04-09', 1]],
      localDateOnly: 0,
    });
  });
});

describe('then a curator moves UPI’s statement to the utterance and the attack of January', () => {
  const JANUARY = 'conoco-2023-01-04';
  const REASON = 'These are Centcom’s words of 4 January, about the same base.';
  const UPI = 'upi-on-conoco';
  let curator: LedgerClient;
  let before: number;
  let moved: number;

  const rockets = async (incident: string, when = '') => {
    const page = await curator.read<IncidentAnswer>(`/incidents/${incident}?policy=envelope${when}`);
    return page.answers.find(({ question }) => question.predicate === 'munitions');
  };
  const asOf = (sequence: number): string => `&asOf=${sequence}`;

  beforeAll(async () => {
    ({ client: curator } = await app.openExample('syria-moved'));
    await curator.record('register-actor', { id: 'upi', kind: 'media', names: [{ text: 'UPI' }] });
    const day = { from: '2023-04-10', to: '2023-04-10', precision: 'day' };
    const report = { id: 'upi-report', publisher: 'upi', kind: 'citation', title: 'UPI on the rocket attack' };
    await curator.record('register-document', { ...report, published: day });
    const time = { from: '2023-01-04', to: '2023-01-04', precision: 'day' };
    const parties = [{ actor: 'us', side: 'target' }];
    await curator.record('record-incident', { id: JANUARY, kind: 'single', method: 'rocket', parties, time });
    const claim = { about: { incident: CONOCO }, stance: 'asserts', predicate: 'munitions' };
    ({ position: before } = await curator.record('record-statement', {
      id: UPI,
      document: 'upi-report',
      speaker: 'centcom',
      form: 'reported',
      utterance: 'centcom-on-conoco',
      claims: [{ ...claim, value: { munition: 'rocket', ...triple(2, 2, 2), atOrigin: 1 } }],
    }));
    const body = {
      utterance: 'centcom-on-conoco-january',
      incidents: [{ from: CONOCO, to: JANUARY }],
      reason: REASON,
    };
    const answer = await curator.record('reassign-statement', body, { id: UPI, ifMatch: '"1"' });
    expect(answer).toMatchObject({ entity: UPI, version: 2, position: before + 1 });
    moved = answer.position;
    await curator.read(`/incidents?wait=${moved}`);
  });

  test('the figure of April rests on Centcom alone, without a flag, and that of January is two', async () => {
    expect(await rockets(CONOCO)).toMatchObject({
      figure: { ...triple(1, 1, 1), used: ['centcom-on-conoco#5'], flags: [], setAside: [] },
    });
    expect(await rockets(JANUARY)).toMatchObject({
      figure: { ...triple(2, 2, 2), used: [`${UPI}#1`], flags: [], setAside: [] },
    });
    const { claims } = await curator.read<IncidentAnswer>(`/incidents/${CONOCO}`);
    expect(JSON.stringify(claims)).not.toContain(UPI);
  });

  test('as of the record before, everything is as it was', async () => {
    expect(await rockets(CONOCO, asOf(before))).toMatchObject({
      figure: {
        ...triple(1, 1, 1),
        flags: ['readings-differ'],
        setAside: [{ claim: `${UPI}#1`, code: 'other-reading' }],
      },
    });
    expect(await rockets(JANUARY, asOf(before))).toBeUndefined();
    const then = await curator.read<StatementAnswer>(`/statements/${UPI}?asOf=${before}`);
    expect(then.entity).toMatchObject({ version: 1, body: { utterance: 'centcom-on-conoco' } });
    expect(then.claims).toMatchObject([{ claim: { about: { incident: CONOCO } } }]);
  });

  test('in the open: who reads the statement finds where it stands now, and in the records why', async () => {
    const { entity, claims } = await curator.read<StatementAnswer>(`/statements/${UPI}`);
    expect(entity).toMatchObject({ version: 2, sequence: moved, body: { utterance: 'centcom-on-conoco-january' } });
    expect(claims).toMatchObject([{ id: `${UPI}#1`, claim: { about: { incident: JANUARY } } }]);
    const { items } = await curator.read<RecordsAnswer>(`/records?entity=${UPI}`);
    expect(items.map(({ sequence }) => sequence)).toEqual([before, moved]);
    expect(items[1]?.event).toMatchObject({ data: { reason: REASON, incidents: [{ from: CONOCO, to: JANUARY }] } });
  });
});

describe('graded by the desk: Central Command 2B, the unnamed official 3C', () => {
  const INJURED = `of=injured&incident=${CONOCO}&${ON_US}`;
  const SAID = ['centcom-on-conoco#2', 'unnamed-official-on-conoco#1'];
  let graded: LedgerClient;
  let ungraded: number;

  beforeAll(async () => {
    ({ client: graded } = await app.openExample('syria-graded'));
    ungraded = await recordLines(graded, 'conoco-later.ndjson');
    const grounds = 'Made up for a test.';
    const [centcom, official] = SAID;
    await graded.record('record-assessment', { about: { claim: centcom }, credibility: 2, grounds });
    await graded.record('record-assessment', { about: { line: 'us' }, reliability: 'B', credibility: 4, grounds });
    const third = { id: 'third', about: { claim: official }, credibility: 3, reliability: 'C', grounds };
    const { position } = await graded.record('record-assessment', third);
    await graded.read(`/incidents?wait=${position}`);
  });

  test('best-graded: none, reported by the better grade alone; before the grades, 0 to 2', async () => {
    const { figures } = await tally(INJURED, 'best-graded', graded);
    expect(figures).toMatchObject([
      {
        ...triple(0, 0, 0),
        status: 'affirmed-none',
        contested: true,
        used: [SAID[0]],
        setAside: [{ claim: SAID[1], code: 'lower-grade' }],
      },
    ]);
    const before = await explained(graded, `policy=best-graded&${INJURED}&asOf=${ungraded}`);
    expect(before.figures).toMatchObject([triple(0, null, 2)]);
  });

  test('judged false, a claim counts under no policy and contests nothing', async () => {
    const about = { claim: SAID[1] };
    const { position, entity } = await graded.record('record-assessment', {
      about,
      credibility: 5,
      grounds: 'Made up.',
    });
    await graded.read(`/incidents?wait=${position}`);
    for (const policy of POLICIES) {
      const { figures } = await tally(INJURED, policy, graded);
      const setAside = [{ claim: SAID[1], code: 'graded-false' }];
      expect(figures).toMatchObject([{ ...triple(0, 0, 0), contested: false, setAside }]);
    }
    const beside = { id: entity, ifMatch: '"1"' };
    const retracted = await graded.record('retract-assessment', { reason: 'Made up.' }, beside);
    await graded.read(`/incidents?wait=${retracted.position}`);
    expect((await tally(INJURED, 'envelope', graded)).figures).toMatchObject([
      { ...triple(0, null, 2), contested: true },
    ]);
  });

  test('who judged what, on which grounds, is there to be read', async () => {
    const { items } = await graded.read<EntitiesAnswer>(`/assessments?claim=${encodeURIComponent(SAID[1] ?? '')}`);
    expect(items).toMatchObject([
      { status: 'retracted', body: { credibility: 5 } },
      { id: 'third', status: 'live', body: { credibility: 3, reliability: 'C' } },
    ]);
    const { items: ofLine } = await graded.read<EntitiesAnswer>('/assessments?line=us');
    expect(ofLine).toMatchObject([{ body: { reliability: 'B', grounds: 'Made up for a test.' } }]);
    expect((await graded.read<EntityAnswer>('/assessments/third')).entity).toMatchObject({ id: 'third', version: 1 });
    const both = await graded.ask<{ parameter: string }>('/assessments?line=us&claim=a%231');
    expect([both.status, both.body.parameter]).toEqual([400, 'line']);
  });
});

test('after all of it the auditor finds the logs whole, and every figure as it works it out itself', async () => {
  const { wrong, rows } = await app.audit();
  expect(wrong).toEqual([]);
  expect(rows).toBeGreaterThan(0);
}, 60_000);
