import { MFAAction } from '@dynamic-labs/sdk-api-core';
import { useIsMfaRequiredForAction, useMfa } from '@dynamic-labs/sdk-react-core';

export const ExportKey = ({ code, exportPrivateKey, ended }) => {
  const isMfaRequiredForAction = useIsMfaRequiredForAction();
  const { authenticateDevice } = useMfa();
  const onExport = async () => {
    const isMfaRequired = await isMfaRequiredForAction({ mfaAction: MFAAction.WalletWaasExport });
    if (isMfaRequired) {
      await authenticateDevice({ code, createMfaToken: { singleUse: true } });
    }
    return exportPrivateKey();
  };
  return <button onClick={() => ended(onExport())}>Export</button>;
};
