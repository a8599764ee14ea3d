/** ASCII and line-mode consoles of the service-call processor. */
export {};
