/**
 * Starts a server for tests, and keeps it from outliving them: a process of its own, whose standard input the holder
 * holds. When that closes, because the tests are done or because they were killed, it ends the server and removes what
 * the server wrote. It is the parent of what it starts, so it never ends anything else.
 *
 * It is told what to keep as its argument, prints the port where it can be asked (on 127.0.0.1), and then does what it is
 * asked: `POST /start`, and what else its server can do. Asked to start by several at once, it starts one. Only itself
 * killed with SIGKILL does it leave its server behind.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NativeKafkaServer } from './native-kafka.js';
import type { KeptServer } from './keeper.js';

interface Server {
  /** Finds out whether it can be started, and fetches what is missing. */
  prepare?(): Promise<object>;
  start(): Promise<object>;
  restart?(): Promise<object>;
  kill?(signal: NodeJS.Signals): Promise<void>;
  stop(): Promise<void>;
}

const kept = await serverOf(JSON.parse(process.argv[2] ?? '') as KeptServer);
const http = createServer((request, response) => void answer(request, response));
await once(http.listen(0, '127.0.0.1'), 'listening');
process.stdout.write(`${(http.address() as AddressInfo).port}\n`);

process.stdin.resume();
await once(process.stdin, 'end');
try {
  await kept.stop();
} finally {
  // Whoever still asks is gone; a pull of an image may be under way, and would hold us.
  process.exit();
}

async function serverOf(server: KeptServer): Promise<Server> {
  if (server.kind === 'native-kafka') return new NativeKafkaServer(server.kafka, server.properties);
  const { ContainerServer, runKafkaContainer, runPostgresContainer } = await import('./containers.js');
  return server.kind === 'kafka-container'
    ? new ContainerServer(server.image, runKafkaContainer)
    : new ContainerServer(server.image, runPostgresContainer);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    response.end(JSON.stringify((await act(request.url ?? '')) ?? {}));
  } catch (error) {
    response.statusCode = 500;
    response.end(error instanceof Error ? error.message : String(error));
  }
}

async function act(path: string): Promise<object | void> {
  const [, name, signal] = path.split('/');
  switch (name) {
    case 'prepare':
      return kept.prepare?.();
    case 'start':
      return kept.start();
    case 'restart':
      return kept.restart?.();
    case 'kill':
      return kept.kill?.(signal as NodeJS.Signals);
    default:
      throw new Error(`There is no ${path}.`);
  }
}
