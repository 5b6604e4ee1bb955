/** Of the arguments of a process under test: what it does without (`--off=fence,probe`), and its proxy (`--via=<port>`). */
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import type { KafkaStorageOptions } from '#kafka';

/** What a proxy holds back must not be given up for lost while the test is waiting for others. */
const REQUEST_MS_MAX = 10_000;

export function kafkaFromArguments(): Pick<KafkaStorageOptions, 'protections' | 'socketFactory' | 'requestMsMax'> {
  const { off = '', via = '' } = parseArgs({ options: { off: { type: 'string' }, via: { type: 'string' } } }).values;
  const protections = Object.fromEntries(
    off.split(',').flatMap((name) => (name === '' ? [] : [[name, false]])),
  ) as KafkaStorageOptions['protections'];
  return {
    ...(protections !== undefined && { protections }),
    ...(via !== '' && {
      requestMsMax: REQUEST_MS_MAX,
      socketFactory: ({ onConnect }) => connect({ host: '127.0.0.1', port: Number(via) }, onConnect),
    }),
  };
}
