/** What a broker for tests is set to, wherever it runs. */

export interface Listening {
  /** What it binds, host:port. */
  readonly clients: string;
  /** What clients are told to connect to. */
  readonly advertised: string;
  /** Where it talks to itself. */
  readonly controller: string;
}

/** server.properties of a single node. What is not named has the default that production has. */
export function kafkaSettings({ clients, advertised, controller }: Listening): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    listeners: `PLAINTEXT://${clients},CONTROLLER://${controller}`,
    'advertised.listeners': `PLAINTEXT://${advertised}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `1@${controller}`,
    // There is one broker to keep copies.
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // Making fifty partitions of each would take longer than the rest of the start.
    'offsets.topic.num.partitions': '5',
    'transaction.state.log.num.partitions': '5',
    // A group of a test has all its members; it need not wait for more.
    'group.initial.rebalance.delay.ms': '0',
    // A misspelt topic must fail.
    'auto.create.topics.enable': 'false',
  };
}
