export const CustomFieldType = {
  Text: 'text',
  Checkbox: 'checkbox',
  Select: 'select',
} as const;

export type CustomFieldType = (typeof CustomFieldType)[keyof typeof CustomFieldType];
