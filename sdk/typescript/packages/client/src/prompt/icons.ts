/** Drawings in a square of 24, of lines 1.75 wide with round ends; none says anything by itself: words stand beside it. */
export const iconPaths = {
  shield: 'M12 3l7 2.6v5.6c0 4.4-2.9 8-7 9.8-4.1-1.8-7-5.4-7-9.8V5.6L12 3zM9 12l2.2 2.2L15.2 10',
  email: 'M4 6h16v12H4zM4 7l8 6 8-6',
  sms: 'M4 5h16v11H10l-4 4v-4H4zM8 10.5h.01M12 10.5h.01M16 10.5h.01',
  totp: 'M7 3h10v18H7zM11 18h2M12 7v3.5l2 1.2',
  passkey: 'M9.5 11a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM3.5 20c0-3.6 2.4-6 6-6 1 0 1.9.2 2.7.5M17 13.5a2.5 2.5 0 100-5 2.5 2.5 0 000 5zM17 13.5V20l1.8-1.6L17.5 17l1.3-1.3',
  wallet: 'M4 7.5h14a2 2 0 012 2v8a2 2 0 01-2 2H6a2 2 0 01-2-2zM4 7.5V6.5a2 2 0 012-2h10M16 13.5h.01',
  social: 'M12 3a9 9 0 100 18 9 9 0 000-18zM3.4 9.5h17.2M3.4 14.5h17.2M12 3c2.3 2.6 3.4 5.6 3.4 9s-1.1 6.4-3.4 9c-2.3-2.6-3.4-5.6-3.4-9S9.7 5.6 12 3z',
  recovery: 'M5 4h14v16H5zM8.5 9h2M13.5 9h2M8.5 12.5h2M13.5 12.5h2M8.5 16h2M13.5 16h2',
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6L6 18',
  back: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  alert: 'M12 4l9 16H3zM12 10v4.5M12 17.2h.01',
  info: 'M12 3a9 9 0 100 18 9 9 0 000-18zM12 11v5.5M12 7.8h.01',
  clock: 'M12 3a9 9 0 100 18 9 9 0 000-18zM12 7v5l3.2 2',
} as const;

export type IconName = keyof typeof iconPaths;
