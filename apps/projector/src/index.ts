/** COPIES the log into the read models. */
export { Projector, projectorStanding } from './projector.js';
