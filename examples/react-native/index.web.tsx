// The same app in a browser, by react-native-web.
import { createRoot } from 'react-dom/client';
import { App } from './src/App';

createRoot(document.getElementById('app')!).render(<App />);
