import { createCollection } from "@tanstack/react-db";
import { couchCollectionOptions } from "couchfetch/tanstack-db";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { main, openDatabase } from "../chores.js";
import { ChoreList } from "./chores.js";

const db = await openDatabase();
const chores = createCollection(couchCollectionOptions({ db, tabs: true }));
createRoot(main).render(
  <StrictMode>
    <ChoreList chores={chores} />
  </StrictMode>,
);
