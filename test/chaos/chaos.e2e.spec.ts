/** Chaos on Kafka. */
import { describeWithTemporaryKafka } from '#testing';
import { testChaos } from './run-of-chaos.js';

describeWithTemporaryKafka('chaos on Kafka', () => testChaos('kafka'));
