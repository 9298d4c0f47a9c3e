/** `node --import` this: plugins in this checkout then import droplens/plugin and droplens/testkit as their users do. */
import { provideOwnPackages } from "../../core/config/own-packages.ts";

provideOwnPackages();
