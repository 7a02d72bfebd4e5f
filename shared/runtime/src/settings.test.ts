import { describe, expect, it } from 'vitest';
import { readSettings, SettingsError } from './settings.ts';

const problemsOf = (read: () => void): SettingsError => {
  try {
    read();
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error('no settings error was thrown');
};

describe('settings', () => {
  it('reads what the environment holds', () => {
    const settings = readSettings({
      NAME: ' weir ',
      PORT: '8080',
      OFFSET: '-3',
      TRACE: 'TRUE',
      HOSTS: 'one, two,,three ',
      MODE: 'open',
    });
    expect(settings.text('NAME')).toBe('weir');
    expect(settings.integer('PORT', 1, { max: 65_535 })).toBe(8080);
    expect(settings.integer('OFFSET', 0, { min: -5 })).toBe(-3);
    expect(settings.flag('TRACE', false)).toBe(true);
    expect(settings.list('HOSTS', [])).toEqual(['one', 'two', 'three']);
    expect(settings.choice('MODE', 'closed', ['open', 'closed'])).toBe('open');
    expect(() => settings.done()).not.toThrow();
  });

  it('takes the fallback for what is unset or empty', () => {
    const settings = readSettings({ PORT: '', NAME: '  ' });
    expect(settings.integer('PORT', 9090)).toBe(9090);
    expect(settings.text('NAME', 'weir')).toBe('weir');
    expect(settings.flag('TRACE', true)).toBe(true);
    expect(settings.list('HOSTS', ['one'])).toEqual(['one']);
    expect(settings.optionalText('NAME')).toBeUndefined();
    expect(() => settings.done()).not.toThrow();
  });

  it('keeps an explicit zero and an explicit false', () => {
    const settings = readSettings({ PORT: '0', TRACE: 'false' });
    expect(settings.integer('PORT', 9090)).toBe(0);
    expect(settings.flag('TRACE', true)).toBe(false);
  });

  it('reports every wrong setting at once, with what was found and what is expected', () => {
    const settings = readSettings({ PORT: '70000', DELAY: '1.5', TRACE: 'maybe', MODE: 'ajar' });
    settings.integer('PORT', 1, { max: 65_535 });
    settings.integer('DELAY', 1);
    settings.flag('TRACE', false);
    settings.choice('MODE', 'open', ['open', 'closed']);
    settings.text('NAME');
    const error = problemsOf(() => settings.done());
    expect(error.message.split('\n')).toEqual([
      '5 settings are wrong:',
      '  PORT: found "70000", expected an integer between 0 and 65535',
      '  DELAY: found "1.5", expected an integer of at least 0',
      '  TRACE: found "maybe", expected true or false',
      '  MODE: found "ajar", expected one of open, closed',
      '  NAME: found nothing, expected a value',
    ]);
  });

  it.each(['0x10', '1e3', 'Infinity', '1_000', '99999999999999999999'])(
    'does not take %s for an integer',
    (text) => {
      const settings = readSettings({ PORT: text });
      settings.integer('PORT', 1);
      expect(problemsOf(() => settings.done()).problems).toHaveLength(1);
    },
  );

  it('takes no flag from the names of object members', () => {
    const settings = readSettings({ TRACE: 'constructor' });
    settings.flag('TRACE', false);
    expect(problemsOf(() => settings.done()).problems).toHaveLength(1);
  });

  it('does not repeat a long value in full', () => {
    const settings = readSettings({ PORT: 'x'.repeat(5_000) });
    settings.integer('PORT', 1);
    expect(problemsOf(() => settings.done()).message.length).toBeLessThan(300);
  });
});
