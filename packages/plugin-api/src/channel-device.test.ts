import { ChannelBench } from "@lockframe/channel-subsystem/testing";
import { expect, test } from "vitest";
import { end, status, z } from "./index.ts";
import { channelDevice } from "./channel-device.ts";

const READ = 0x02;

const cardReader = channelDevice({
  type: "card-reader-3505",
  title: "IBM 3505 card reader",
  senseId: { cuType: 0x3505, cuModel: 0, deviceType: 0x3505, deviceModel: 0 },
  config: z.strictObject({ deck: z.array(z.string()), columns: z.int().default(80) }),
  state: z.strictObject({ nextCard: z.int() }),
  needs: [],
  create({ config, restored }) {
    let nextCard = restored?.nextCard ?? 0;
    return {
      commands: {
        [READ](transfer) {
          const card = config.deck[nextCard];
          if (card === undefined) return end(status.unitException);
          nextCard += 1;
          return transfer.toStorage(Buffer.from(card.padEnd(config.columns)));
        },
      },
      save: () => ({ nextCard }),
    };
  },
});

test("a device of a few lines reads cards, and goes on where it was", () => {
  const bench = new ChannelBench();
  const reader = cardReader.instantiate({ deck: ["first", "second"], columns: 8 }, {});
  if (reader.channel === undefined) throw new Error("it is no channel device");
  const at = bench.attach(reader.channel.device);
  const read = { command: READ, count: 8, address: 0x2000 };
  expect(bench.run(at, read)).toMatchObject({ unitStatus: 0x0c, subchannelStatus: 0 });
  expect(Buffer.from(bench.storage.fetch(0x2000, 8)).toString()).toBe("first   ");
  expect(reader.save?.()).toEqual({ nextCard: 1 });
  const again = cardReader.instantiate({ deck: ["first", "second"], columns: 8 }, {}, reader.save?.());
  if (again.channel === undefined) throw new Error("it is no channel device");
  const other = bench.attach(again.channel.device);
  bench.run(other, read);
  expect(Buffer.from(bench.storage.fetch(0x2000, 8)).toString()).toBe("second  ");
  expect(bench.run(other, read)).toMatchObject({ unitStatus: 0x0d });
  expect(cardReader.class).toBe("channel");
});

test("state that does not fit is refused", () => {
  expect(() => cardReader.instantiate({ deck: [] }, {}, { card: 1 })).toThrow("nextCard");
});
