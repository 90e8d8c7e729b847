import { createApp, markRaw } from "vue";
import { main, openDatabase } from "../chores.js";
import Chores from "./chores.vue";

createApp(Chores, { db: markRaw(await openDatabase()) }).mount(main);
