import { mount } from "svelte";
import { main, openDatabase } from "../chores.js";
import Chores from "./chores.svelte";

mount(Chores, { target: main, props: { db: await openDatabase() } });
