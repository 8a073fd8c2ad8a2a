# "reliability" 영역 점검 항목의 문구.

check-anti-affinity-missing = 한 노드에 모일 수 있는 복제본
    .message = 워크로드의 복제본을 서로 다른 노드에 배치하는 설정이 없습니다.
    .why = 모든 복제본이 있는 노드에 장애가 나면 복제본이 여러 개여도 워크로드가 중단됩니다.
    .fix = `kubernetes.io/hostname` 기준의 토폴로지 분산 제약이나 파드 안티어피니티를 추가하십시오.

check-autoscaler-cannot-scale = 확장할 수 없는 오토스케일러
    .message = 오토스케일러의 복제본 범위가 { $least }개에서 { $most }개입니다.
    .why = 부하가 높아져도 파드가 추가되지 않으며, 오토스케일러가 동작하지 않는다는 것을 아무도 알 수 없습니다.
    .fix = `maxReplicas`를 `minReplicas`보다 크게 설정하십시오.

check-dangling-autoscaler = 대상이 없는 오토스케일러
    .message = 오토스케일러의 대상인 { $kind } { $name }{ JOSA($name, "이/가") } 스캔한 파일에 없습니다.
    .why = 대상이 없는 오토스케일러는 아무 일도 하지 않으므로 부하가 높아져도 워크로드가 확장되지 않습니다.
    .fix = `scaleTargetRef`의 이름을 수정하거나 오토스케일러를 제거하십시오.

check-dangling-claim = 스캔한 파일에 없는 볼륨 클레임
    .message = 파드가 마운트하는 PersistentVolumeClaim { $name }{ JOSA($name, "이/가") } 스캔한 파일에 없습니다.
    .why = 볼륨 클레임을 만들 때까지 파드가 대기(Pending) 상태로 남습니다.
    .fix = 이름을 수정하거나 PersistentVolumeClaim을 추가하십시오.

check-dangling-config-map = 스캔한 파일에 없는 ConfigMap
    .message = 파드에 필요한 ConfigMap { $name }{ JOSA($name, "이/가") } 스캔한 파일에 없습니다.
    .why = ConfigMap이 없으면 컨테이너가 시작되지 못하고 배포가 중간에 멈춥니다.
    .fix = 이름을 수정하거나 ConfigMap을 추가하거나 참조에 `optional`을 설정하십시오.

check-dangling-priority-class = 스캔한 파일에 없는 우선순위 클래스
    .message = 우선순위 클래스 { $name }{ JOSA($name, "이/가") } 스캔한 파일에 없습니다.
    .why = 존재하지 않는 우선순위 클래스를 사용하는 파드는 거부됩니다.
    .fix = `priorityClassName`을 수정하거나 PriorityClass를 추가하십시오.

check-dangling-secret = 스캔한 파일에 없는 시크릿
    .message = 파드에 필요한 시크릿 { $name }{ JOSA($name, "이/가") } 스캔한 파일에 없습니다.
    .why = 시크릿이 없으면 컨테이너가 시작되지 못하고 배포가 중간에 멈춥니다.
    .fix = 이름을 수정하거나 시크릿을 만들거나 참조에 `optional`을 설정하십시오.

check-dangling-service-account = 스캔한 파일에 없는 서비스 어카운트
    .message = 서비스 어카운트 { $name }{ JOSA($name, "이/가") } 스캔한 파일에 없습니다.
    .why = 존재하지 않는 서비스 어카운트를 사용하는 파드는 거부되며, 나중에 같은 이름으로 만드는 사람이 파드의 권한을 결정하게 됩니다.
    .fix = `serviceAccountName`을 수정하거나 ServiceAccount를 추가하십시오.

check-disruption-budget-blocks-eviction = 축출을 모두 막는 중단 예산
    .message =
        { $count ->
            [0] PodDisruptionBudget이 파드의 축출을 전혀 허용하지 않습니다.
           *[other] 복제본이 { NUMBER($count) }개일 때 PodDisruptionBudget이 파드의 축출을 전혀 허용하지 않습니다.
        }
    .why = 이런 파드가 있는 노드는 비울 수 없습니다. 노드의 업그레이드와 보안 패치가 멈추거나 누군가 파드를 강제로 삭제하게 됩니다.
    .fix = 필요한 수보다 복제본을 하나 더 두고 최소 한 개의 파드는 중단될 수 있게 하십시오(`maxUnavailable: 1`).

check-disruption-budget-missing = 중단 예산 없음
    .message = 이 워크로드의 파드를 대상으로 하는 PodDisruptionBudget이 없습니다.
    .why = 업그레이드를 위해 노드를 비울 때 모든 복제본이 한꺼번에 사라질 수 있습니다.
    .fix = `maxUnavailable: 1`인 PodDisruptionBudget을 추가하십시오.

check-disruption-budget-unreachable = 충족할 수 없는 중단 예산
    .message = 중단 예산이 오토스케일러의 최소 복제본 { $count }개보다 많은 파드를 요구합니다.
    .why = 부하가 적을 때는 처음부터 예산을 충족하지 못해 이런 파드가 있는 노드를 비울 수 없습니다.
    .fix = `maxUnavailable`을 사용하거나 오토스케일러의 `minReplicas`를 늘리십시오.

check-disruption-budget-without-policy = 정책이 없는 중단 예산
    .message = PodDisruptionBudget에 허용 범위나 대상 파드가 지정되지 않았습니다.
    .why = 보호하는 것처럼 보이지만 그렇지 않으며, 축출 여부가 잘 알려지지 않은 기본값에 따라 결정됩니다.
    .fix = `maxUnavailable`과 `selector`를 설정하십시오.

check-dns-ndots-default = 기본 DNS 검색 설정
    .message = 파드가 외부 이름을 조회할 때 최대 다섯 번까지 질의합니다(`ndots`).
    .why = 검색 목록 때문에 DNS 부하가 몇 배로 늘어나며, 검색 도메인이 잘못되면 내부 이름이 외부 서버로 전송됩니다.
    .fix = DNS 옵션 `ndots`를 2로 설정하십시오.

check-identical-probes = 동일한 프로브
    .message = 컨테이너 { $container }의 활성 프로브와 준비성 프로브가 같은 것을 같은 주기로 확인합니다.
    .why = 의존하는 서비스가 느려지면 두 프로브가 모두 실패하여, 잠시 서비스에서 빠지는 대신 모든 복제본이 한꺼번에 다시 시작되고 과부하가 심해집니다.
    .fix = 활성 프로브는 프로그램 자체가 멈췄는지만 확인하게 하거나 더 느슨하게 설정하십시오.

check-invalid-container-port = 잘못된 컨테이너 포트
    .message = 컨테이너 { $container }의 포트 번호나 이름이 올바르지 않거나 이름이 중복됩니다.
    .why = 쿠버네티스가 파드를 거부하므로 교체하려던 기존 파드가 그대로 남습니다.
    .fix = 1에서 65535 사이의 번호와 짧고 고유한 이름을 지정하십시오.

check-invalid-topology-spread = 효과가 없는 분산 제약
    .message = 토폴로지 분산 제약의 { $field } 필드가 없거나 잘못되었습니다.
    .why = 쿠버네티스가 파드를 거부하거나 복제본을 하나도 세지 않아 분산이 이루어지지 않습니다.
    .fix = { $field } 값을 수정하십시오.

check-liveness-probe-missing = 활성 프로브 없음
    .message = 컨테이너 { $container }에 활성 프로브(livenessProbe)가 없습니다.
    .why = 멈춘 프로그램이 다시 시작되지 않고 누군가 알아차릴 때까지 그대로 남습니다.
    .fix = 다시 시작해야 해결되는 경우에만 실패하는 `livenessProbe`를 추가하십시오.

check-node-affinity-missing = 노드 어피니티 없음
    .message = 파드를 어떤 노드에 배치할지 지정되지 않았습니다.
    .why = 신뢰 수준이 다른 워크로드가 같은 노드에서 실행될 수 있으며, 한쪽에서 탈출하면 다른 쪽에 접근할 수 있습니다.
    .fix = 신뢰 수준이나 하드웨어에 따라 노드를 구분한다면 노드 어피니티나 노드 셀렉터를 설정하십시오.

check-priority-class-missing = 우선순위 클래스 없음
    .message = 파드에 우선순위 클래스가 없습니다.
    .why = 노드의 자원이 부족할 때 어떤 워크로드가 중요한지 알 수 없어 중요한 워크로드가 축출될 수 있습니다.
    .fix = `priorityClassName`을 설정하십시오.

check-readiness-probe-missing = 준비성 프로브 없음
    .message = 컨테이너 { $container }에 준비성 프로브(readinessProbe)가 없습니다.
    .why = 프로그램이 응답할 수 있기 전에 트래픽이 전달되고, 새 버전이 동작하지 않아도 배포가 계속 진행됩니다.
    .fix = 프로그램이 응답할 수 있을 때 성공하는 `readinessProbe`를 추가하십시오.

check-replicas-fixed-beside-autoscaler = 오토스케일러와 함께 고정된 복제본 수
    .message = 오토스케일러가 복제본 수를 정하는데도 워크로드에 `replicas`가 설정되어 있습니다.
    .why = 매니페스트를 적용할 때마다 복제본 수가 초기화되며, 부하가 가장 높은 순간에 일어날 수도 있습니다.
    .fix = 매니페스트에서 `replicas`를 제거하십시오.

check-rollout-without-overlap = 배포할 때 중단되는 워크로드
    .message = { $strategy } 전략에서는 새 파드가 실행되기 전에 기존 파드가 사라지거나, 누군가 삭제할 때까지 그대로 남습니다.
    .why = 업데이트할 때마다 서비스가 중단되거나 일부 노드에 적용되지 않으므로 보안 패치가 미뤄지게 됩니다.
    .fix = `RollingUpdate` 전략을 사용하십시오.

check-selector-mismatch = 일치하지 않는 셀렉터
    .message = 셀렉터가 워크로드 자신의 파드 레이블과 일치하지 않습니다.
    .why = API 서버가 오브젝트를 거부하거나, 컨트롤러가 자신의 것으로 인식하지 못하는 파드를 계속 생성합니다.
    .fix = `selector`와 `template.metadata.labels`에 같은 레이블을 사용하십시오.

check-statefulset-without-headless-service = 헤드리스 서비스가 없는 StatefulSet
    .message = 스캔한 파일에 StatefulSet의 파드를 선택하는 헤드리스 서비스 `{ $name }`{ JOSA($name, "이/가") } 없습니다.
    .why = 이 서비스가 없으면 파드에 DNS 이름이 없어 클러스터의 구성원이 서로를 찾지 못합니다.
    .fix = 파드를 선택하는 `clusterIP: None` 서비스를 추가하고 `serviceName`에 지정하십시오.

check-too-few-autoscaler-replicas = 최소 복제본이 부족한 오토스케일러
    .message = 오토스케일러가 복제본을 { $count }개까지 줄일 수 있으며, 이는 { $least }개보다 적습니다.
    .why = 부하가 적을 때 유일한 파드가 있는 노드에 장애가 나면 다른 파드가 시작될 때까지 응답할 수 없습니다.
    .fix = `minReplicas`를 { $least } 이상으로 설정하십시오.

check-too-few-replicas = 부족한 복제본
    .message = 워크로드의 복제본이 { $count }개로 { $least }개보다 적습니다.
    .why = 유일한 파드가 있는 노드에 장애가 나거나 노드를 비우면 다른 파드가 시작될 때까지 응답할 수 없습니다.
    .fix = `replicas`를 { $least } 이상으로 설정하고 여러 노드에 분산하십시오.

check-topology-spread-missing = 토폴로지 분산 제약 없음
    .message = 파드에 토폴로지 분산 제약이 설정되지 않았습니다.
    .why = 모든 복제본이 하나의 가용 영역에 배치되어 함께 중단될 수 있습니다.
    .fix = `topology.kubernetes.io/zone` 기준의 `topologySpreadConstraints`를 추가하십시오.

check-undeclared-probe-port = 선언되지 않은 포트의 프로브
    .message = 컨테이너 { $container }의 { $probe ->
        [liveness] 활성
        [readiness] 준비성
       *[startup] 시작
        } 프로브가 컨테이너에 선언되지 않은 { $port } 포트를 확인합니다.
    .why = 선언되지 않은 이름은 해석되지 않으므로 프로그램과 관계없이 프로브가 실패합니다. 선언되지 않은 번호는 잘못된 경우가 많습니다.
    .fix = `ports`에 포트를 선언하거나 프로브를 수정하십시오.

check-unhealthy-eviction-policy-missing = 비정상 파드 축출 정책 미지정
    .message = 준비되지 않은 파드를 축출해도 되는지가 중단 예산에 지정되지 않았습니다.
    .why = 기본값에서는 반복해서 비정상 종료되는 파드 때문에 노드를 비우지 못할 수 있습니다.
    .fix = 파드가 데이터를 복구할 시간이 필요하지 않다면 `unhealthyPodEvictionPolicy: AlwaysAllow`를 설정하십시오.
