use domain::{Clause, Comparison, Conjunction, Filter, Function, Operand, Operator, Property};

use super::*;
use crate::samples::{at, catalog_with_organizations, metadata, meter, organization};

const ALL: Page = Page {
    page: 1,
    limit: 100,
};

/// The meters of the conversation `meters/list` with the reference, in the order in which they were created.
fn recorded() -> Vec<Meter> {
    let rows: [(&str, &[(&str, &str)]); 13] = [
        (
            "bravo",
            &[("env", "dev"), ("n", "0"), ("flag", "true"), ("f", "1.5")],
        ),
        ("Alpha", &[("env", "prod"), ("n", "1")]),
        ("charlie", &[("env", "dev"), ("n", "2")]),
        ("ALPHA two", &[("env", "prod"), ("n", "0")]),
        (
            "alpha_three",
            &[("env", "dev"), ("n", "1"), ("flag", "true")],
        ),
        ("100% sure", &[("env", "prod"), ("n", "2"), ("f", "1.5")]),
        ("a_b", &[("env", "dev"), ("n", "0")]),
        ("zeta", &[("env", "prod"), ("n", "1")]),
        ("Émile", &[("env", "dev"), ("n", "2"), ("flag", "true")]),
        ("delta", &[("env", "prod"), ("n", "0")]),
        ("_under", &[("env", "dev"), ("n", "1"), ("f", "1.5")]),
        ("Bravo", &[("env", "prod"), ("n", "2")]),
        ("1 first", &[("env", "dev"), ("n", "0"), ("flag", "true")]),
    ];
    let archived = ["charlie", "100% sure", "zeta"];
    let meters = rows.iter().zip(1..).map(|((name, entries), n)| Meter {
        name: (*name).to_owned(),
        metadata: metadata(entries),
        archived_at: archived.contains(name).then(|| at(999)),
        ..meter(n)
    });
    meters.collect()
}

fn recorded_catalog() -> Catalog {
    let catalog = catalog_with_organizations();
    for meter in recorded() {
        catalog.insert_meter(&meter).expect("inserts");
    }
    catalog
}

fn names(catalog: &Catalog, search: &MeterSearch) -> Vec<String> {
    let listed = catalog
        .meters(organization(1).id, search, ALL)
        .expect("lists");
    assert_eq!(listed.total, listed.items.len() as u64);
    listed.items.into_iter().map(|meter| meter.name).collect()
}

const BY_NAME: [&str; 13] = [
    "1 first",
    "100% sure",
    "ALPHA two",
    "Alpha",
    "Bravo",
    "_under",
    "a_b",
    "alpha_three",
    "bravo",
    "charlie",
    "delta",
    "zeta",
    "Émile",
];

#[test]
fn a_meter_comes_back_as_it_went_in() {
    let catalog = catalog_with_organizations();
    let definition = Definition {
        filter: Filter {
            conjunction: Conjunction::Or,
            clauses: vec![Clause::Comparison(Comparison {
                property: Property::parse("metadata.model"),
                operator: Operator::Eq,
                operand: Operand::Text("gpt-4".into()),
            })],
        },
        aggregation: domain::Aggregation::new(Function::Sum, Some(Property::parse("tokens")))
            .expect("goes together"),
    };
    let full = Meter {
        unit: Unit::Custom,
        custom_label: Some("crates".into()),
        custom_multiplier: Some(i64::MAX),
        definition,
        metadata: metadata(&[("a", "b"), ("n", "1.50"), ("flag", "false")]),
        archived_at: Some(at(-5)),
        ..meter(1)
    };
    let bare = meter(2);
    catalog.insert_meter(&full).expect("inserts");
    catalog.insert_meter(&bare).expect("inserts");
    let of = organization(1).id;
    assert_eq!(
        catalog.meter(of, full.id).expect("reads"),
        Some(full.clone())
    );
    assert_eq!(
        catalog.meter(of, bare.id).expect("reads"),
        Some(bare.clone())
    );
    let mut all = vec![full, bare];
    all.sort_by_key(|meter| meter.id);
    assert_eq!(catalog.all_meters().expect("reads"), all);
}

#[test]
fn a_meter_of_another_organization_is_not_there() {
    let catalog = catalog_with_organizations();
    catalog.insert_meter(&meter(1)).expect("inserts");
    let other = organization(2).id;
    assert_eq!(catalog.meter(other, meter(1).id).expect("reads"), None);
    assert_eq!(
        catalog
            .meters(other, &MeterSearch::default(), ALL)
            .expect("lists")
            .total,
        0
    );
    let moved = Meter {
        organization: other,
        name: "taken over".into(),
        ..meter(1)
    };
    assert!(matches!(
        catalog.update_meter(&moved),
        Err(CatalogError::NotFound)
    ));
    assert_eq!(
        catalog
            .meter(meter(1).organization, meter(1).id)
            .expect("reads"),
        Some(meter(1))
    );
}

#[test]
fn a_meter_needs_its_organization() {
    let catalog = catalog_with_organizations();
    let orphan = Meter {
        organization: organization(9).id,
        ..meter(1)
    };
    assert!(matches!(
        catalog.insert_meter(&orphan),
        Err(CatalogError::OrganizationUnknown)
    ));
}

#[test]
fn an_update_replaces_the_row_but_when_it_was_created() {
    let catalog = catalog_with_organizations();
    catalog.insert_meter(&meter(1)).expect("inserts");
    let changed = Meter {
        name: "new name".into(),
        unit: Unit::Token,
        metadata: metadata(&[("k", "v")]),
        modified_at: at(400),
        archived_at: Some(at(400)),
        created_at: at(1),
        ..meter(1)
    };
    catalog.update_meter(&changed).expect("updates");
    let expected = Meter {
        created_at: meter(1).created_at,
        ..changed
    };
    assert_eq!(
        catalog
            .meter(expected.organization, expected.id)
            .expect("reads"),
        Some(expected)
    );
    assert!(matches!(
        catalog.update_meter(&meter(2)),
        Err(CatalogError::NotFound)
    ));
}

#[test]
fn meters_are_listed_by_name_by_code_point_unless_asked_otherwise() {
    let catalog = recorded_catalog();
    let sorted = |sorting: &[(MeterOrder, Direction)]| {
        names(
            &catalog,
            &MeterSearch {
                sorting: sorting.to_vec(),
                ..MeterSearch::default()
            },
        )
    };
    let reversed = |names: &[&'static str]| names.iter().rev().copied().collect::<Vec<_>>();
    let created: Vec<_> = recorded().into_iter().map(|meter| meter.name).collect();
    assert_eq!(sorted(&[]), BY_NAME);
    assert_eq!(sorted(&[(MeterOrder::Name, Direction::Ascending)]), BY_NAME);
    assert_eq!(
        sorted(&[(MeterOrder::Name, Direction::Descending)]),
        reversed(&BY_NAME)
    );
    assert_eq!(
        sorted(&[(MeterOrder::CreatedAt, Direction::Ascending)]),
        created
    );
    let newest_first: Vec<_> = created.iter().rev().cloned().collect();
    assert_eq!(
        sorted(&[(MeterOrder::CreatedAt, Direction::Descending)]),
        newest_first
    );
}

#[test]
fn equal_names_go_by_the_next_criterion_and_then_by_id() {
    let catalog = catalog_with_organizations();
    let mut meters: Vec<_> = (1..=6)
        .map(|n| Meter {
            name: "same".into(),
            ..meter(n)
        })
        .collect();
    for later in &mut meters[3..] {
        later.created_at = at(5000);
    }
    for meter in &meters {
        catalog.insert_meter(meter).expect("inserts");
    }
    let check = |sorting: Vec<_>, expected: &[Meter]| {
        let search = MeterSearch {
            sorting,
            ..MeterSearch::default()
        };
        let of = organization(1).id;
        assert_eq!(
            catalog.meters(of, &search, ALL).expect("lists").items,
            expected
        );
        let page = Page { page: 2, limit: 4 };
        assert_eq!(
            catalog.meters(of, &search, page).expect("lists").items,
            expected[4..]
        );
    };
    meters.sort_by_key(|meter| meter.id);
    check(vec![(MeterOrder::Name, Direction::Descending)], &meters);
    meters.sort_by_key(|meter| (std::cmp::Reverse(meter.created_at), meter.id));
    check(
        vec![
            (MeterOrder::Name, Direction::Ascending),
            (MeterOrder::CreatedAt, Direction::Descending),
        ],
        &meters,
    );
}

#[test]
fn a_query_finds_what_the_reference_finds() {
    let catalog = recorded_catalog();
    let check = |query: &str, expected: &[&str]| {
        let search = MeterSearch {
            query: Some(query.to_owned()),
            ..MeterSearch::default()
        };
        assert_eq!(names(&catalog, &search), expected, "{query:?}");
    };
    check("alpha", &["ALPHA two", "Alpha", "alpha_three"]);
    check("ALPHA", &["ALPHA two", "Alpha", "alpha_three"]);
    check("brav", &["Bravo", "bravo"]);
    check("%", &BY_NAME);
    check("_", &BY_NAME);
    check("a_b", &["a_b"]);
    check("100%", &["100% sure"]);
    check("", &BY_NAME);
    check("é", &["Émile"]);
    check("É", &["Émile"]);
    check("zzz", &[]);
    check("  ", &[]);
    check("\\", &[]);
    check("_th", &["alpha_three"]);
    check("'", &[]);
    check("') OR 1 = 1 --", &[]);
}

#[test]
fn archived_meters_are_listed_unless_asked_otherwise() {
    let catalog = recorded_catalog();
    let check = |is_archived: Option<bool>, count: usize| {
        let search = MeterSearch {
            is_archived,
            ..MeterSearch::default()
        };
        assert_eq!(names(&catalog, &search).len(), count);
    };
    check(None, 13);
    check(Some(true), 3);
    check(Some(false), 10);
}

#[test]
fn metadata_limits_the_list_together_with_the_rest() {
    let catalog = recorded_catalog();
    let check = |keys: &[(&str, &[&str])], query: Option<&str>, expected: &[&str]| {
        let keys: Vec<_> = keys
            .iter()
            .map(|(key, values)| {
                (
                    (*key).to_owned(),
                    values.iter().map(|value| (*value).to_owned()).collect(),
                )
            })
            .collect();
        let search = MeterSearch {
            metadata: keys.into(),
            query: query.map(str::to_owned),
            ..MeterSearch::default()
        };
        assert_eq!(names(&catalog, &search), expected);
    };
    let prod = ["100% sure", "ALPHA two", "Alpha", "Bravo", "delta", "zeta"];
    check(&[("env", &["prod"])], None, &prod);
    check(
        &[("env", &["dev"]), ("n", &["0"])],
        None,
        &["1 first", "a_b", "bravo"],
    );
    check(&[("env", &["dev", "prod"])], None, &BY_NAME);
    check(&[("n", &["1.0"])], None, &[]);
    check(
        &[("flag", &["true"])],
        None,
        &["1 first", "alpha_three", "bravo", "Émile"],
    );
    check(&[("f", &["1.5"])], None, &["100% sure", "_under", "bravo"]);
    check(&[("missing", &["x"])], None, &[]);
    check(
        &[("env", &["prod"])],
        Some("a"),
        &["ALPHA two", "Alpha", "Bravo", "delta", "zeta"],
    );
}

#[test]
fn a_page_tells_how_many_there_are_on_all_pages() {
    let catalog = recorded_catalog();
    for (page, limit, count) in [
        (1, 5, 5),
        (3, 5, 3),
        (4, 5, 0),
        (100, 10, 0),
        (1, 13, 13),
        (2, 13, 0),
    ] {
        let page = Page { page, limit };
        let listed = catalog
            .meters(organization(1).id, &MeterSearch::default(), page)
            .expect("lists");
        assert_eq!((listed.items.len(), listed.total), (count, 13), "{page:?}");
    }
}

#[test]
fn a_damaged_definition_is_an_error_and_never_skipped() {
    let catalog = catalog_with_organizations();
    catalog.insert_meter(&meter(1)).expect("inserts");
    let damage = |sql: &str| catalog.write(|transaction| Ok(transaction.execute(sql, [])?));
    damage("UPDATE meters SET definition = CAST(definition || x'00' AS BLOB)").expect("updates");
    assert!(matches!(
        catalog.all_meters(),
        Err(CatalogError::Damaged(_))
    ));
    damage("UPDATE meters SET metadata = x'ff'").expect("updates");
    let search = MeterSearch {
        metadata: vec![("k".into(), vec!["v".into()])].into(),
        ..MeterSearch::default()
    };
    let outcome = catalog.meters(organization(1).id, &search, ALL);
    assert!(
        matches!(outcome, Err(CatalogError::Damaged(_))),
        "{outcome:?}"
    );
}
