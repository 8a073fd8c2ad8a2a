//! VPC flow logs, versions 2 to 7 and later: one field per column that AWS documents.
//!
//! `-` in a column means that there is no value. The order is that of AWS's table; [`COLUMNS`](haechi_syntax::flow_log::COLUMNS) and the
//! field table go together.

use super::{Extract, Field};

const fn column(field: Field, index: u8) -> Field {
    field.from(Extract::Column(index))
}

pub(super) const VPC_FLOW: &[Field] = &[
    column(Field::unsigned("vpcflow.version"), 0),
    column(Field::text("vpcflow.accountid"), 1),
    column(Field::text("vpcflow.interfaceid"), 2),
    column(Field::address("vpcflow.srcaddr"), 3),
    column(Field::address("vpcflow.dstaddr"), 4),
    column(Field::port("vpcflow.srcport"), 5),
    column(Field::port("vpcflow.dstport"), 6),
    column(Field::unsigned("vpcflow.protocol"), 7),
    column(Field::unsigned("vpcflow.packets"), 8),
    column(Field::unsigned("vpcflow.bytes"), 9),
    column(Field::unsigned("vpcflow.start"), 10),
    column(Field::unsigned("vpcflow.end"), 11),
    column(Field::text("vpcflow.action"), 12),
    column(Field::text("vpcflow.logstatus"), 13),
    column(Field::text("vpcflow.vpcid"), 14),
    column(Field::text("vpcflow.subnetid"), 15),
    column(Field::text("vpcflow.instanceid"), 16),
    column(Field::unsigned("vpcflow.tcpflags"), 17),
    column(Field::text("vpcflow.type"), 18),
    column(Field::address("vpcflow.pktsrcaddr"), 19),
    column(Field::address("vpcflow.pktdstaddr"), 20),
    column(Field::text("vpcflow.region"), 21),
    column(Field::text("vpcflow.azid"), 22),
    column(Field::text("vpcflow.sublocationtype"), 23),
    column(Field::text("vpcflow.sublocationid"), 24),
    column(Field::text("vpcflow.pktsrcservice"), 25),
    column(Field::text("vpcflow.pktdstservice"), 26),
    column(Field::text("vpcflow.direction"), 27),
    column(Field::unsigned("vpcflow.trafficpath"), 28),
    column(Field::text("vpcflow.ecs.clusterarn"), 29),
    column(Field::text("vpcflow.ecs.clustername"), 30),
    column(Field::text("vpcflow.ecs.containerinstancearn"), 31),
    column(Field::text("vpcflow.ecs.containerinstanceid"), 32),
    column(Field::text("vpcflow.ecs.containerid"), 33),
    column(Field::text("vpcflow.ecs.secondcontainerid"), 34),
    column(Field::text("vpcflow.ecs.servicename"), 35),
    column(Field::text("vpcflow.ecs.taskdefinitionarn"), 36),
    column(Field::text("vpcflow.ecs.taskarn"), 37),
    column(Field::text("vpcflow.ecs.taskid"), 38),
    column(Field::text("vpcflow.rejectreason"), 39),
    column(Field::text("vpcflow.resourceid"), 40),
    column(Field::text("vpcflow.encryptionstatus"), 41),
    // The address of either end, held against networks.
    column(Field::network("vpcflow.srcnet"), 3).filter_only().no_right_side().no_function(),
    column(Field::network("vpcflow.dstnet"), 4).filter_only().no_right_side().no_function(),
];
