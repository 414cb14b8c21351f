import { decimal, integer, list, required, structure, text, time } from '../fields.ts';
import { operation } from '../operation.ts';
import { tag } from './shared.ts';

const recurringCharge = structure({
  RecurringChargeAmount: decimal,
  RecurringChargeFrequency: text,
});

const reservedCacheNode = structure({
  ReservedCacheNodeId: text,
  ReservedCacheNodesOfferingId: text,
  CacheNodeType: text,
  StartTime: time,
  Duration: integer,
  FixedPrice: decimal,
  UsagePrice: decimal,
  CacheNodeCount: integer,
  ProductDescription: text,
  OfferingType: text,
  State: text,
  RecurringCharges: list('RecurringCharge', recurringCharge),
  ReservationARN: text,
});

const reservedCacheNodesOffering = structure({
  ReservedCacheNodesOfferingId: text,
  CacheNodeType: text,
  Duration: integer,
  FixedPrice: decimal,
  UsagePrice: decimal,
  ProductDescription: text,
  OfferingType: text,
  RecurringCharges: list('RecurringCharge', recurringCharge),
});

export const RESERVED_OPERATIONS = {
  DescribeReservedCacheNodes: operation({
    input: {
      ReservedCacheNodeId: text,
      ReservedCacheNodesOfferingId: text,
      CacheNodeType: text,
      Duration: text,
      ProductDescription: text,
      OfferingType: text,
      MaxRecords: integer,
      Marker: text,
    },
    output: {
      Marker: text,
      ReservedCacheNodes: list('ReservedCacheNode', reservedCacheNode),
    },
    errors: ['ReservedCacheNodeNotFound', 'InvalidParameterValue', 'InvalidParameterCombination'],
  }),
  DescribeReservedCacheNodesOfferings: operation({
    input: {
      ReservedCacheNodesOfferingId: text,
      CacheNodeType: text,
      Duration: text,
      ProductDescription: text,
      OfferingType: text,
      MaxRecords: integer,
      Marker: text,
    },
    output: {
      Marker: text,
      ReservedCacheNodesOfferings: list('ReservedCacheNodesOffering', reservedCacheNodesOffering),
    },
    errors: [
      'ReservedCacheNodesOfferingNotFound',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
  PurchaseReservedCacheNodesOffering: operation({
    input: {
      ReservedCacheNodesOfferingId: required(text),
      ReservedCacheNodeId: text,
      CacheNodeCount: integer,
      Tags: list('Tag', tag),
    },
    output: {
      ReservedCacheNode: reservedCacheNode,
    },
    errors: [
      'ReservedCacheNodesOfferingNotFound',
      'ReservedCacheNodeAlreadyExists',
      'ReservedCacheNodeQuotaExceeded',
      'TagQuotaPerResourceExceeded',
      'InvalidParameterValue',
      'InvalidParameterCombination',
    ],
  }),
} as const;
