/** Names that the manager keeps for itself. */

/** The login by which the manager restores items into nodes with users. */
export const MANAGER_USER = 'slabring-manager';
