import ky from "ky";
import { type Getter, oneByOne, repeatedly, sixtyFourAtATime } from "./contender.js";
import { locate } from "./locate.js";

const getter: Getter = ({ server, database }) => {
  const { url, headers } = locate(`${server}/${database}`);
  return (id) => ky.get(`${url}/${id}`, { headers }).json();
};

export const get = repeatedly(getter);
export const getEach = oneByOne(getter);
export const getMany = sixtyFourAtATime(getter);
