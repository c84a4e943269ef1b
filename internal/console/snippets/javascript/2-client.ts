// Make a client, once
import { createStepUpClient } from '@stepup-auth/client';

createStepUpClient({
  environmentId: {{literal .EnvironmentID}},
  apiBaseUrl: {{literal .BaseURL}},
});
