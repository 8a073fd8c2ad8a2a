# Policies that users bring: `haechi policy`.

cli-policy = 이미 사용 중인 정책(Gatekeeper, ValidatingAdmissionPolicy, MutatingAdmissionPolicy)으로 리소스를 점검합니다
cli-policy-apply = 정책을 적용한 클러스터가 무엇을 거부하고 경고하고 바꾸는지 알려 줍니다
    .more =
        종료 코드: 0 --fail-on에 해당하는 위반 없음, 1 위반, 2 잘못된 사용법, 3 불완전
        (읽거나 불러오거나 판정하지 못한 것이 있음), 4 내부 오류.
cli-policy-apply-policy = 정책이 있는 파일이나 폴더. 여러 번 지정할 수 있습니다
    .value = PATH
cli-policy-apply-paths = 매니페스트나 AdmissionReview가 있는 파일, 폴더, glob 패턴. `-`는 표준 입력입니다
    .value = PATH
cli-policy-apply-inventory = 네임스페이스나 매개변수처럼 정책이 조회할 오브젝트가 있는 파일이나 폴더. 여러 번 지정할 수 있습니다
    .value = PATH
cli-policy-apply-operation = 매니페스트를 이 종류의 요청으로 판정합니다. 기본은 오브젝트 그 자체입니다
    .value = OPERATION
cli-policy-apply-rego-first = CEL도 함께 있는 Gatekeeper 템플릿에서 Rego를 사용합니다
cli-policy-apply-output = 결과 출력 형식
    .value = FORMAT
cli-policy-apply-all = 지켜진 정책과 오브젝트에 해당하지 않는 정책도 표시합니다
cli-policy-apply-fail-on = 거부(deny), 경고 이상(warn), 모든(any) 위반 가운데 이 기준에 해당하면 1로 종료합니다
    .value = ACTION
cli-policy-test = Gatekeeper의 정책 테스트(`suite.yaml`)를 실행하고 `gator verify`와 같은 형식으로 보고합니다
    .more = 종료 코드: 0 모든 테스트 통과, 1 실패한 테스트 있음, 2 잘못된 사용법, 3 읽지 못한 것이 있음.
cli-policy-test-paths = 테스트 스위트 파일이나, 스위트를 찾을 폴더
    .value = PATH
cli-policy-test-run = 이름이 이 정규식과 일치하는 테스트와 케이스만 실행합니다. `테스트//케이스`는 둘 다 일치해야 합니다
    .value = REGEX
cli-policy-test-verbose = 모든 테스트와 케이스를 출력합니다
cli-policy-test-rego-first = CEL도 함께 있는 템플릿에서 Rego를 사용합니다
cli-policy-explain = 정책마다 오브젝트에 해당하는지, 그 이유가 무엇인지 설명합니다
cli-policy-explain-policy = 정책이 있는 파일이나 폴더. 여러 번 지정할 수 있습니다
    .value = PATH
cli-policy-explain-paths = 매니페스트나 AdmissionReview가 있는 파일, 폴더, glob 패턴. `-`는 표준 입력입니다
    .value = PATH
cli-policy-explain-inventory = 네임스페이스나 매개변수처럼 정책이 조회할 오브젝트가 있는 파일이나 폴더. 여러 번 지정할 수 있습니다
    .value = PATH
cli-policy-explain-operation = 매니페스트를 이 종류의 요청으로 판정합니다. 기본은 오브젝트 그 자체입니다
    .value = OPERATION
cli-policy-explain-rego-first = CEL도 함께 있는 Gatekeeper 템플릿에서 Rego를 사용합니다
cli-policy-explain-output = 결과 출력 형식
    .value = FORMAT
cli-scan-policies = 이 파일이나 폴더의 정책으로도 모든 오브젝트를 점검합니다. 여러 번 지정할 수 있습니다
    .value = PATH

policy-none = { $paths }에 정책이 없습니다
policy-no-suites = { $paths }에 Gatekeeper 테스트 스위트가 없습니다
policy-template = 이 값은 템플릿이 아직 채우지 않았습니다
policy-summary = 오브젝트 { NUMBER($objects) }개, 정책 { NUMBER($policies) }개: 거부되는 위반 { NUMBER($denied) }건, 거부되지 않는 위반 { NUMBER($others) }건, 판정하지 못함 { NUMBER($errors) }건

policy-action-deny = 거부
policy-action-warn = 경고
policy-action-audit = 감사
policy-action-dryrun = 시험 실행
policy-action-none = 조치 없음
policy-error = 오류
policy-pass = 통과
policy-left-out = 해당 없음
policy-changed = 변경

policy-explain-pass = 해당함: 오브젝트가 정책을 지킵니다
policy-explain-changed = 해당함: 정책이 오브젝트를 바꿉니다
policy-explain-violated = 해당함: 위반({ $action }): { $detail }
policy-explain-error = 판정하지 못함: { $detail }
policy-explain-left-out = 해당 없음: { $detail }

policy-left-out-kinds = `match.kinds`에 오브젝트의 종류가 없습니다
policy-left-out-scope = `match.scope`의 네임스페이스 유무 조건에 맞지 않습니다
policy-left-out-namespaces = `match.namespaces`에 오브젝트의 네임스페이스가 없습니다
policy-left-out-excluded-namespaces = `match.excludedNamespaces`에 오브젝트의 네임스페이스가 있습니다
policy-left-out-label-selector = `match.labelSelector`가 오브젝트의 레이블과 맞지 않습니다
policy-left-out-namespace-selector = `namespaceSelector`가 네임스페이스의 레이블과 맞지 않습니다
policy-left-out-name = `match.name`이 오브젝트의 이름과 맞지 않습니다
policy-left-out-source = `match.source`가 요구하는 출처의 오브젝트가 아닙니다
policy-left-out-config = Gatekeeper의 Config가 이 네임스페이스를 제외합니다
policy-left-out-operations = 템플릿이 이 작업을 다루지 않습니다
policy-left-out-operation = 이 작업에서는 아무것도 바꾸지 않습니다
policy-left-out-enforcement-points = `scopedEnforcementActions`에 명령줄(`gator.gatekeeper.sh`)이 없습니다
policy-left-out-apply-to = `applyTo`에 오브젝트의 그룹, 버전, 종류 또는 작업이 없습니다
policy-left-out-match-conditions = 일치 조건(match condition) 하나가 성립하지 않습니다
policy-left-out-params = 바인딩이 매개변수를 찾지 못했고, 이를 허용합니다
policy-left-out-binding = 정책을 적용하는 바인딩이 없습니다
policy-left-out-policy-resource = API 서버는 정책에 대해서는 정책을 적용하지 않습니다
policy-left-out-resource-rules = 오브젝트의 리소스와 작업을 가리키는 리소스 규칙이 없습니다
policy-left-out-exclude-resource-rules = `excludeResourceRules`의 규칙이 오브젝트의 리소스를 가리킵니다
policy-left-out-object-selector = `objectSelector`가 오브젝트의 레이블과 맞지 않습니다
