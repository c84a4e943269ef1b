# Install
npm install @stepup-auth/server
