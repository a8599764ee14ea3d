/** Machine profiles: schema, inheritance, diagnostics with places. */
export {};
