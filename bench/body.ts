/** A request body of the given size in Claude Code's key order and shape: a long conversation of tool calls and their results. */
export function requestBody(bytes: number, stream: boolean): Buffer {
  const messages: object[] = [
    { role: 'user', content: [{ type: 'text', text: 'Find the slow part of this program.' }] },
  ]
  const make = () =>
    Buffer.from(
      JSON.stringify({
        model: 'claude-sonnet-5-5',
        messages,
        system: [{ type: 'text', text: 'You are a careful engineer.' }],
        tools: [{ name: 'Read', description: 'Reads a file.', input_schema: { type: 'object', properties: {} } }],
        metadata: {
          user_id: '{"device_id":"0","account_uuid":"","session_id":"00000000-0000-4000-8000-000000000001"}',
        },
        max_tokens: 32_000,
        stream,
      }),
    )
  const missing = bytes - make().length
  // Tool results are source code. Escapes decide what looking through a body costs; here every 48th byte is one.
  const lines = [
    'export async function readEntries(folder: string, limit: number): Promise<Entry[]> {\n',
    "  const entries = await listFolder(folder, { limit, order: 'newest first' })\n",
    '  if (entries.length === 0) throw new Error("nothing in this folder")\n',
  ].join('')
  for (let turn = 0, left = missing; left > 400; turn++) {
    const size = Math.min(left - 300, 8_000)
    messages.push(
      {
        role: 'assistant',
        content: [{ type: 'tool_use', id: `toolu_${turn}`, name: 'Read', input: { file: `src/${turn}.ts` } }],
      },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: `toolu_${turn}`, content: lines.repeat(Math.ceil(size / 235)) }],
      },
    )
    left = bytes - make().length
  }
  return make()
}
