/** Channel subsystem: subchannels, channel-subsystem call, channel reports. */
export {};
