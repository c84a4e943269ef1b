/** Puts moments, which the server writes in UTC, into the viewer's zone. The exact time in UTC stays as a title. */
export function times(part: ParentNode): void {
  const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });
  for (const element of part.querySelectorAll<HTMLTimeElement>('time[data-time]')) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    element.title = element.dateTime;
    element.textContent = (element.dataset['time'] === 'day' ? day : moment).format(at);
  }
}
