// Make a client, once
import { createStepUpClient } from '@stepup-auth/client';

createStepUpClient({
  environmentId: '{{.EnvironmentID}}',
  apiBaseUrl: '{{.BaseURL}}',
});
