const say = document.getElementById('say');
const go = document.getElementById('go');
const token = location.hash.slice(1);
history.replaceState(null, '', location.pathname);
if (!token) {
  go.disabled = true;
  say.textContent = 'This link is not complete. Open it again from the mail.';
}
go.addEventListener('click', async () => {
  go.disabled = true;
  try {
    const response = await fetch('notMe', {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token }),
    });
    if (response.ok) {
      say.textContent = 'Done. Every session has ended, and the change is taken back or in dispute. Sign in again and check your account.';
      return;
    }
    say.textContent = (await response.json()).error;
  } catch {
    go.disabled = false;
    say.textContent = 'The server could not be reached. Try again.';
  }
});
