import { StepUpError } from './StepUpError.js';

/** The session is over; the client has forgotten it and its tokens. */
export class SessionEndedError extends StepUpError {
  override readonly name: string = 'SessionEndedError';

  constructor(message = 'The session is over. Sign in again.', cause?: unknown) {
    super({ code: 'session_ended', message, cause });
  }
}
