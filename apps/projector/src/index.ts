/** COPIES the log into the read models. */
export { Projector, projectorReadiness } from './projector.js';
