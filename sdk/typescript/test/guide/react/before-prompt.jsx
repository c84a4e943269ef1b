import { MFAAction } from '@dynamic-labs/sdk-api-core';
import { useIsMfaRequiredForAction, usePromptMfaAuth } from '@dynamic-labs/sdk-react-core';

export const ExportKey = ({ exportPrivateKey, ended }) => {
  const isMfaRequiredForAction = useIsMfaRequiredForAction();
  const promptMfaAuth = usePromptMfaAuth();
  const onExport = async () => {
    const isMfaRequired = await isMfaRequiredForAction({ mfaAction: MFAAction.WalletWaasExport });
    if (isMfaRequired) {
      await promptMfaAuth({ createMfaToken: true });
    }
    return exportPrivateKey();
  };
  return <button onClick={() => ended(onExport())}>Export</button>;
};
